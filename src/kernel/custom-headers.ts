// The headers that a webhook's owner adds to every request: which are taken, and how they are written down. Values are
// secrets. What HTTP, the connection or our own contract speaks for is refused, so that no header is ever sent twice.

/** A header as it is sent. */
export type CustomHeader = readonly [name: string, value: string];

export const MAX_CUSTOM_HEADERS = 20;
export const MAX_HEADER_VALUE_BYTES = 4_096;
const MAX_NAME_LENGTH = 128;

/** RFC 9110, 5.6.2: a token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110, 5.5: no control characters, no white space at either end; one byte per character on the wire. */
const VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

const RESERVED = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'http2-settings',
  'te',
  'trailer',
  'expect',
  'user-agent',
  'traceparent',
  'tracestate',
]);
const RESERVED_PREFIXES = ['proxy-', 'x-webhook-', 'webhook-', 'svix-', 'ce-'];

/** What a request says besides its signatures, in headers that would otherwise be a signature's to use. */
const SAID_ALREADY = new Set([
  'webhook-id',
  'webhook-timestamp',
  'x-webhook-event',
  'x-webhook-delivery',
  'x-webhook-attempt',
]);

/** A map of names to values as a client gave it: the headers, or a sentence that names the one that is wrong. */
export function readCustomHeaders(input: unknown): readonly CustomHeader[] | string {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return 'headers must be a map of names to values.';
  const entries: [string, unknown][] = Object.entries(input);
  if (entries.length > MAX_CUSTOM_HEADERS) return `headers may hold at most ${MAX_CUSTOM_HEADERS} headers.`;
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const problem = problemOf(name, value) ?? (seen.has(name.toLowerCase()) ? 'is given twice' : undefined);
    if (problem) return `The header ${shown(name)} ${problem}.`;
    seen.add(name.toLowerCase());
  }
  return entries as [string, string][];
}

/** As stored, before it is encrypted. */
export const writeCustomHeaders = (headers: readonly CustomHeader[]): string => JSON.stringify(headers);

/** The inverse of {@link writeCustomHeaders}. */
export const parseCustomHeaders = (text: string): readonly CustomHeader[] => JSON.parse(text) as CustomHeader[];

/** Why a header cannot carry a signature, as the rest of a sentence; `undefined`: it can. */
export function problemOfSignature(name: string, value: unknown): string | undefined {
  const lower = name.toLowerCase();
  const isTaken = RESERVED.has(lower) || SAID_ALREADY.has(lower) || /^(?:proxy|ce)-/.test(lower);
  return nameProblemOf(name) ?? (isTaken ? 'is reserved' : valueProblemOf(value));
}

function problemOf(name: string, value: unknown): string | undefined {
  const lower = name.toLowerCase();
  const isTaken = RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix));
  return nameProblemOf(name) ?? (isTaken ? 'is reserved' : valueProblemOf(value));
}

const nameProblemOf = (name: string): string | undefined =>
  NAME.test(name) && name.length <= MAX_NAME_LENGTH
    ? undefined
    : `has a name that is no HTTP token of at most ${MAX_NAME_LENGTH} characters`;

function valueProblemOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must have text as its value';
  if (value.length > MAX_HEADER_VALUE_BYTES) return `has a value of more than ${MAX_HEADER_VALUE_BYTES} bytes`;
  return VALUE.test(value)
    ? undefined
    : 'must have a value of Latin-1 characters, without control characters or spaces at its ends';
}

/** A name of the client's as it may stand in a sentence. */
const shown = (name: string): string => JSON.stringify(name.slice(0, MAX_NAME_LENGTH));
