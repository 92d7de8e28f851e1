// How bodies are read once they were verified: JSON, a form, or JSON in a field of a form.
import type { IncomingHttpHeaders } from 'node:http';

/** A body that could be read. */
export interface ParsedBody {
  /** What handlers get. `undefined` and `null` are data too: that is why it is wrapped. */
  readonly data: unknown;
}

type Body = { readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** A byte order mark is put up with; bytes that are not UTF-8 are not JSON. */
export function parseJson(bytes: Buffer | string): ParsedBody | undefined {
  try {
    return { data: JSON.parse(typeof bytes === 'string' ? bytes : textOf(bytes)) as unknown };
  } catch {
    return undefined;
  }
}

/** Whether a body says that it is a form. */
export const isForm = ({ headers }: Pick<Body, 'headers'>): boolean =>
  /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '');

/**
 * The fields of a form in the order in which they came, or `undefined` where it is not UTF-8 all through: read more
 * kindly, two different bodies would have the same fields, and a signature over the fields would hold for both.
 */
export function formFields(body: Buffer): readonly (readonly [string, string])[] | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(body)
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        return at < 0 ? [unescaped(pair), ''] : [unescaped(pair.slice(0, at)), unescaped(pair.slice(at + 1))];
      });
  } catch {
    return undefined;
  }
}

/** A form as an object; the last of several fields of one name counts. */
export function parseForm({ body }: Body): ParsedBody | undefined {
  const fields = formFields(body);
  return fields && { data: Object.fromEntries(fields) };
}

/** JSON, or a form that carries JSON in one of its fields; with `orFields`, a form without that field as its fields. */
export const parseJsonOrForm =
  (field: string, { orFields = false } = {}) =>
  (request: Body): ParsedBody | undefined => {
    if (!isForm(request)) return parseJson(request.body);
    const form = Object.fromEntries(formFields(request.body) ?? []);
    const inner = Object.hasOwn(form, field) ? form[field] : undefined;
    if (inner !== undefined) return parseJson(inner);
    return orFields ? parseForm(request) : undefined;
  };

export const textOf = (bytes: Buffer): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const unescaped = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
