// The seam of receiving: how one kind of sender signs, names and numbers its webhooks. Everything here works on the
// bytes as they came; whoever implements it parses nothing before the verdict.
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Secret } from '../../kernel/secret.js';
import type { ParsedBody } from './body.js';

/** A webhook request as it came over the wire. */
export interface WebhookRequest {
  readonly method: string;
  /**
   * The URL that the sender called, for those who sign it: `PUBLIC_URL` where it is set, else what the request and a
   * trusted proxy say; then the path with its query, as written.
   */
  readonly url: string;
  /** Names in lower case, as Node gives them; a header that came twice is joined with `, `. */
  readonly headers: IncomingHttpHeaders;
  /** The bytes as they came. */
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
  /** When it happened, where the sender says it. */
  readonly occurredAt?: Date;
}

/** What answers a handshake: the request that some senders make before they send any event. */
export interface HandshakeAnswer {
  /** What the sender calls this handshake; it is how the log names it. */
  readonly kind: string;
  readonly contentType: string;
  /** Nothing is answered with 204. */
  readonly body: string;
}

/** What one source adds to its provider. */
export interface SourceOptions {
  /** How far the sender's clock and ours may be apart, where the sender signs a time. @defaultValue the provider's own */
  readonly toleranceSeconds?: number;
  /** The source's own settings, as the provider documents them. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * One kind of sender. Built-in ones come through the same door as a team's own, and all are checked by one contract,
 * `providerContract` of `posthorn/testing`.
 *
 * @example
 * class Acme implements Provider {
 *   readonly name = 'acme';
 *   readonly sendsJson = true;
 *   verify({ headers, body }: WebhookRequest, secrets: readonly Secret[]): Verdict { … }
 *   describe({ body }: WebhookRequest, data: unknown): Description {
 *     return { externalId: bodyId(body), type: textField(data, 'kind') ?? UNKNOWN_TYPE };
 *   }
 * }
 */
export interface Provider {
  /** What the `provider` of a source says. */
  readonly name: string;
  /** Whether a verified body that cannot be read is refused. */
  readonly sendsJson: boolean;
  /** Largest body this sender is known to send, in bytes. @defaultValue 1 MiB */
  readonly defaultMaxBodyBytes?: number;

  /**
   * Whether the request was signed with one of the secrets. Must return for any header and any body, and must not throw.
   *
   * @param nowMs - The moment the request came, in milliseconds since the epoch.
   */
  verify(request: WebhookRequest, secrets: readonly Secret[], nowMs: number, source?: SourceOptions): Verdict;

  /** Names a verified request. `data` is what `parse` made of the body, `undefined` where it could make nothing of it. */
  describe(request: WebhookRequest, data: unknown, source?: SourceOptions): Description;

  /**
   * What handlers get as `data`; `undefined` where the body cannot be read. Only `content-type` of the headers may be
   * relied on: it is asked again when handlers run later.
   *
   * @defaultValue the body as JSON
   */
  parse?(request: Pick<WebhookRequest, 'headers' | 'body'>): ParsedBody | undefined;

  /** The answer to a verified request that is a handshake and no event; it is not stored. */
  handshake?(request: WebhookRequest, data: unknown, secrets: readonly Secret[]): HandshakeAnswer | undefined;

  /**
   * The answer to a `GET` or `HEAD` by which the sender asks whether we are who it thinks; `undefined` refuses it. Nobody
   * signs such a request: what it proves, this must check itself, and it must tell nothing that the sender did not say.
   */
  challenge?(request: WebhookRequest, source: SourceOptions): HandshakeAnswer | undefined;

  /**
   * More headers, in lower case, that are masked wherever the request is kept. Masked anyway are those that hold a secret of the
   * source, and those whose name says that they should be (`signature`, `token`, …).
   */
  secretHeaders?(config: Readonly<Record<string, unknown>>): readonly string[];

  /** What is wrong with the settings of a source of this provider, in one sentence; `undefined` when nothing is. */
  problemOf?(secrets: readonly Secret[], config: Readonly<Record<string, unknown>>): string | undefined;
}

/** The type of an event whose sender did not name one. */
export const UNKNOWN_TYPE = 'unknown';

/** The id of a body that carries none: equal bytes are the same event. */
export const bodyId = (body: string | Buffer): string => `sha256:${hash('sha256', body, 'hex')}`;

/** A header's value: `undefined` when absent or empty, `null` when it is not one value. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | null | undefined {
  const value = headers[name];
  if (Array.isArray(value)) return null;
  return value === '' ? undefined : value;
}

/** A text member of a parsed body, where it has one; members of members by a longer path. */
export function textField(data: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = fieldOf(data, path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What stands at a path in a parsed body, own members only. */
export function fieldOf(data: unknown, path: readonly (string | number)[]): unknown {
  let value = data;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string | number, unknown>)[name];
  }
  return value;
}
