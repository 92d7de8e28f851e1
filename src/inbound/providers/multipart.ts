// Bodies that are forms with files, multipart/form-data (RFC 7578). Nothing is copied: a part is a slice of the body.
import type { IncomingHttpHeaders } from 'node:http';
import { textOf } from './body.js';
import type { ParsedBody } from './body.js';

type Body = { readonly headers: IncomingHttpHeaders; readonly body: Buffer };

interface Part {
  readonly name: string;
  /** Where the part is a file. */
  readonly filename: string | undefined;
  readonly contentType: string;
  readonly content: Buffer;
}

/** A file of a form, as handlers see it. */
interface FormFile {
  readonly filename: string;
  readonly contentType: string;
  /** Base64, so that what handlers see is JSON here too. */
  readonly content: string;
}

/** More fields than any sender has; each costs a look-up. */
const MAX_PARTS = 1_000;

/** RFC 2046, 5.1.1: up to 70 characters, in quotes where it has odd ones. */
const MULTIPART = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))/i;
const NAME = /;\s*name="([^"]*)"/i;
const FILENAME = /;\s*filename="([^"]*)"/i;

/** Whether a body says that it is a form with files. */
export const isMultipart = ({ headers }: Pick<Body, 'headers'>): boolean =>
  MULTIPART.test(headers['content-type'] ?? '');

/** The parts in the order in which they came; `undefined` where the body is not what it says, to its end. */
function partsOf({ headers, body }: Body): Part[] | undefined {
  const [, quoted, plain] = MULTIPART.exec(headers['content-type'] ?? '') ?? [];
  const delimiter = `--${quoted ?? plain ?? ''}`;
  const parts: Part[] = [];
  // What comes before the first delimiter is no part; after that, each begins a line.
  let at = body.indexOf(delimiter);
  if (at !== 0 && body.subarray(Math.max(0, at - 2), at).toString('latin1') !== '\r\n') return undefined;
  while (at >= 0 && parts.length < MAX_PARTS) {
    const start = at + delimiter.length;
    const after = body.subarray(start, start + 2).toString('latin1');
    if (after === '--') return parts;
    const contentAt = body.indexOf('\r\n\r\n', start);
    const end = body.indexOf(`\r\n${delimiter}`, start);
    if (after !== '\r\n' || contentAt < 0 || end < contentAt + 4) return undefined;
    const part = partOf(body.subarray(start, contentAt).toString('utf8'), body.subarray(contentAt + 4, end));
    if (!part) return undefined;
    parts.push(part);
    at = end + 2;
  }
  return undefined;
}

function partOf(head: string, content: Buffer): Part | undefined {
  const lines = head.split('\r\n');
  const valueOf = (header: string): string => lines.find((line) => line.toLowerCase().startsWith(`${header}:`)) ?? '';
  const disposition = valueOf('content-disposition');
  const name = NAME.exec(disposition)?.[1];
  if (name === undefined) return undefined;
  const contentType = valueOf('content-type').slice('content-type:'.length).trim() || 'text/plain';
  return { name, filename: FILENAME.exec(disposition)?.[1], contentType, content };
}

/** The fields that are texts; `undefined` where the body is no such form, or a text is not UTF-8. The last of one name counts. */
export function multipartFields(request: Body): Record<string, string> | undefined {
  try {
    const texts = partsOf(request)?.filter(({ filename }) => filename === undefined);
    return texts && Object.fromEntries(texts.map(({ name, content }) => [name, textOf(content)]));
  } catch {
    return undefined;
  }
}

/** Fields and files as an object. */
export function parseMultipart(request: Body): ParsedBody | undefined {
  const fields = multipartFields(request);
  if (!fields) return undefined;
  const files = (partsOf(request) ?? []).flatMap(({ name, filename, contentType, content }): [string, FormFile][] =>
    filename === undefined ? [] : [[name, { filename, contentType, content: content.toString('base64') }]],
  );
  return { data: { ...fields, ...Object.fromEntries(files) } };
}
