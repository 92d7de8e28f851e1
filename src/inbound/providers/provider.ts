// The seam of receiving: how one kind of sender signs, names and numbers its webhooks. Everything here works on the
// bytes as they came; whoever implements it parses nothing before the verdict.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Secret } from '../../kernel/secret.js';

/** A webhook request as it came over the wire. */
export interface WebhookRequest {
  readonly method: string;
  /** The URL that the sender called: `PUBLIC_URL` where it is set, and the path with its query. */
  readonly url: string;
  /** Names in lower case, as Node gives them; a header that came twice is joined with `, `. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why a request was not accepted. The sender never learns which; it goes to the log and the metrics. */
export type Refusal = 'no_signature' | 'malformed' | 'stale' | 'no_secret_matched';

/** What the signature says about a request. A malformed header is a verdict too, never an exception. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: Refusal };

/** How a verified request is named. */
export interface Description {
  /** The sender's own id of the event: copies carry the same one. */
  readonly externalId: string;
  /** What happened, in the sender's words: `payment_intent.succeeded`, `pull_request.opened`. */
  readonly type: string;
  readonly occurredAt?: Date;
}

/** What answers a handshake: the request that some senders make before they send any event. */
export interface HandshakeAnswer {
  readonly contentType: string;
  readonly body: string;
}

/** What one source adds to its provider. */
export interface VerifyOptions {
  /** How far the sender's clock and ours may be apart, where the sender signs a time. @defaultValue the provider's own */
  readonly toleranceSeconds?: number;
}

/**
 * One kind of sender. Built-in ones come through the same door as a team's own.
 *
 * @example
 * const acme: Provider = {
 *   name: 'acme',
 *   sendsJson: true,
 *   verify: ({ headers, body }, secrets) => verifyBody(headers['x-acme-signature'], body, secrets),
 *   describe: (request, data) => ({ externalId: bodyId(request.body), type: textField(data, 'kind') ?? UNKNOWN_TYPE }),
 * };
 */
export interface Provider {
  /** What the `provider` of a source says. */
  readonly name: string;
  /** Whether a verified body that is not JSON is refused. */
  readonly sendsJson: boolean;
  /** Largest body this sender is known to send, in bytes. @defaultValue 1 MiB */
  readonly defaultMaxBodyBytes?: number;

  /**
   * Whether the request was signed with one of the secrets. Must return for any header and any body, and must not throw.
   *
   * @param nowMs - The moment the request came, in milliseconds since the epoch.
   */
  verify(request: WebhookRequest, secrets: readonly Secret[], nowMs: number, options?: VerifyOptions): Verdict;

  /** Names a verified request. `data` is the parsed body, `undefined` where it is not JSON. */
  describe(request: WebhookRequest, data: unknown): Description;

  /** The JSON inside the body, where the body is not all of it (a form field). @defaultValue the body */
  jsonOf?(request: Pick<WebhookRequest, 'headers' | 'body'>): Buffer;

  /** The answer to a verified request that is a handshake and no event; it is not stored. */
  handshake?(request: WebhookRequest): HandshakeAnswer | undefined;
}

/** The type of an event whose sender did not name one. */
export const UNKNOWN_TYPE = 'unknown';

/** The id of a body that carries none: equal bytes are the same event. */
export const bodyId = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

/** A header's value: `undefined` when absent or empty, `null` when it is not one value. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | null | undefined {
  const value = headers[name];
  if (Array.isArray(value)) return null;
  return value === '' ? undefined : value;
}

/** A text member of a parsed body, where it has one. */
export function textField(data: unknown, name: string): string | undefined {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, name)) return undefined;
  const value: unknown = (data as Record<string, unknown>)[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
