// What a request says of itself, as text turned into bytes: signatures, a time, an id. Everything malformed stops here, as
// a verdict and not as an exception. Nothing of a claim is true before a signature was checked.
import type { IncomingHttpHeaders } from 'node:http';
import { parseBase64, parseHex } from '../../kernel/signatures/encoding.js';
import type { SignatureDecoder } from '../../kernel/signatures/encoding.js';
import { headerOf } from './provider.js';
import type { SourceOptions, WebhookRequest } from './provider.js';

export interface Claim {
  readonly signatures: readonly Buffer[];
  /** The literal text of the signed time: it is what was signed. */
  readonly time?: string;
  /** The literal text of the signed id. */
  readonly id?: string;
  /** A secret that is sent as it is. */
  readonly token?: string;
}

export interface ClaimReader {
  (request: WebhookRequest, source: SourceOptions): Claim | 'no_signature' | 'malformed';
  /** The headers that must be there, as the sender writes them. */
  readonly headers?: readonly string[];
}

/** Each signature costs a comparison per secret. Senders make one per live secret: two during a rotation. */
const MAX_SIGNATURES = 32;

export const UNIX_TIME = /^\d{1,20}$/;
const VERSIONED = /^([A-Za-z0-9]+[,=])([^\s,]+)$/;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

export const hex =
  (bytes: number): SignatureDecoder =>
  (text) =>
    parseHex(text, bytes);
export const base64 =
  (bytes?: number): SignatureDecoder =>
  (text) =>
    parseBase64(text, bytes);

/** A reader that remembers which headers it needs. */
export const reader = (headers: readonly string[], read: ClaimReader): ClaimReader => Object.assign(read, { headers });

/** One header's one value. */
const read = (headers: IncomingHttpHeaders, name: string): { text: string } | 'no_signature' | 'malformed' => {
  const text = headerOf(headers, name.toLowerCase());
  if (text === undefined) return 'no_signature';
  return text === null ? 'malformed' : { text };
};

/** A header that is one signature, after a prefix where the sender writes one: `sha256=<hex>`. */
export const oneSignature = (header: string, decode: SignatureDecoder, prefix = ''): ClaimReader =>
  reader([header], ({ headers }) => {
    const value = read(headers, header);
    if (typeof value === 'string') return value;
    const signature = value.text.startsWith(prefix) ? decode(value.text.slice(prefix.length)) : undefined;
    return signature ? { signatures: [signature] } : 'malformed';
  });

/** How the signatures of a list are marked, and what stands after the mark: `{ 'v1=': hex(32) }`. */
export type Versions = Readonly<Record<string, SignatureDecoder>>;

/**
 * A list of signatures, each after its version: `v1=<hex>,v1=<hex>` or `v1,<base64> v1a,<base64>`. Unknown versions are
 * passed over; anything that is no version and value makes the whole list malformed, joined headers too.
 */
export function listedIn(text: string, versions: Versions, separator: string): Claim | 'malformed' {
  const items = text.split(separator).filter((item) => item !== '' || separator !== ' ');
  if (items.length > MAX_SIGNATURES) return 'malformed';
  const signatures: Buffer[] = [];
  for (const item of items) {
    const [, version = '', value = ''] = VERSIONED.exec(item) ?? [];
    if (version === '') return 'malformed';
    if (!Object.hasOwn(versions, version)) continue;
    const signature = versions[version]?.(value);
    if (!signature) return 'malformed';
    signatures.push(signature);
  }
  return signatures.length === 0 ? 'malformed' : { signatures };
}

/** A header that is a list of signatures. */
export const signatureList = (header: string, versions: Versions, separator = ','): ClaimReader =>
  reader([header], ({ headers }) => {
    const value = read(headers, header);
    return typeof value === 'string' ? value : listedIn(value.text, versions, separator);
  });

/** Headers that are numbered from 1 and carry one signature each. */
export const numberedSignatures = (header: string, decode: SignatureDecoder): ClaimReader =>
  reader([`${header}1`], ({ headers }) => {
    const signatures: Buffer[] = [];
    for (let number = 1; number <= MAX_SIGNATURES; number++) {
      const value = read(headers, `${header}${number}`);
      if (value === 'malformed') return value;
      if (value === 'no_signature') return signatures.length === 0 ? value : { signatures };
      const signature = decode(value.text);
      if (!signature) return 'malformed';
      signatures.push(signature);
    }
    return { signatures };
  });

/** Which keys a header of pairs uses: `t=<unix>,v1=<hex>`. */
interface PairKeys {
  readonly time: string;
  readonly signature: string;
  /** @defaultValue a comma */
  readonly separator?: string;
}

/** `t=<digits>,v1=<hex>[,v1=…][,other=…]` with exactly one time. */
export const timeAndSignatures = (header: string, decode: SignatureDecoder, keys: PairKeys): ClaimReader =>
  reader([header], ({ headers }) => {
    const value = read(headers, header);
    if (typeof value === 'string') return value;
    let time: string | undefined;
    let count = 0;
    const signatures: Buffer[] = [];
    for (const item of value.text.split(keys.separator ?? ',')) {
      const [, key, text] = /^([^\s=]+)=(\S*)$/.exec(item) ?? [];
      if (key === undefined || text === undefined) return 'malformed';
      if (key === keys.time) {
        if (time !== undefined || !UNIX_TIME.test(text)) return 'malformed';
        time = text;
      } else if (key === keys.signature) {
        if (++count > MAX_SIGNATURES) return 'malformed';
        const signature = decode(text);
        if (!signature) return 'malformed';
        signatures.push(signature);
      }
    }
    return time === undefined || signatures.length === 0 ? 'malformed' : { time, signatures };
  });

/** A time in a header of its own, beside the signature. */
export const withTime = (header: string, inner: ClaimReader, { iso = false } = {}): ClaimReader =>
  reader([...(inner.headers ?? []), header], (request, source) => {
    const claim = inner(request, source);
    if (typeof claim === 'string') return claim;
    const value = read(request.headers, header);
    if (typeof value === 'string') return value;
    return (iso ? ISO_TIME : UNIX_TIME).test(value.text) ? { ...claim, time: value.text } : 'malformed';
  });

/** A header that is the secret itself, after a prefix where the sender writes one. */
export const tokenIn = (header: string, prefix = ''): ClaimReader =>
  reader([header], ({ headers }) => {
    const value = read(headers, header);
    if (typeof value === 'string') return value;
    const token = value.text.slice(prefix.length);
    const right = value.text.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase();
    return right && token !== '' ? { signatures: [], token } : 'malformed';
  });
