// Tokens of webhooks that authenticate by OAuth 2.0 (RFC 6749, 4.4: client credentials): one request for all that wait for it,
// kept until shortly before it expires, dropped when a receiver refuses it. What fails is an outcome of the attempt.
import { Injectable } from '@nestjs/common';
import { basicAuthorization } from '../../kernel/authentication.js';
import type { OAuth2Authentication } from '../../kernel/authentication.js';
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import { HttpTransport } from '../transport/http-transport.js';
import type { TransportResult } from '../transport/transport.js';

/** Webhooks whose tokens are kept. */
const MAX_KEPT = 10_000;

/** A token is not used in its last half minute, nor in the second half of a shorter life: a request takes its time. */
const MARGIN_MS = 30_000;

/** How long one lives that does not say it. */
const UNSAID_LIFE_MS = 300_000;

/** Of a longer one no server would take the header; and those of all webhooks are kept. */
const MAX_TOKEN_LENGTH = 8_192;

/** RFC 6750, 2.1. */
const TOKEN = /^[\w\-.~+/]+=*$/;

/** Why there is no token: what the attempt came to. */
export type TokenFailure = Pick<TransportResult, 'outcome' | 'error' | 'durationMs'>;

export interface AccessToken {
  readonly value: string;
  /** On the monotonic clock. */
  readonly usableUntil: number;
}

type TokenAnswer = { readonly token: AccessToken; readonly wasKept: boolean } | { readonly failure: TokenFailure };

interface Place {
  /** The credentials that its token was obtained with: the same object for as long as they are the same. */
  readonly authentication: OAuth2Authentication;
  token?: AccessToken;
  asking?: Promise<TokenAnswer>;
}

@Injectable()
export class AccessTokens {
  private readonly places = new BoundedMap<string, Place>(MAX_KEPT);

  constructor(private readonly http: HttpTransport) {}

  /** The webhook's token, asked for where there is none; never rejects. */
  async of(webhookId: string, authentication: OAuth2Authentication, timeoutMs: number): Promise<TokenAnswer> {
    const place = this.placeOf(webhookId, authentication);
    if (place.token && monotonicNow() < place.token.usableUntil) return { token: place.token, wasKept: true };
    place.asking ??= this.ask(authentication, timeoutMs).then((answer) => {
      place.asking = undefined;
      place.token = 'token' in answer ? answer.token : undefined;
      return answer;
    });
    return place.asking;
  }

  /** The receiver refused this token: the next request asks for another, unless one was obtained since. */
  drop(webhookId: string, token: AccessToken): void {
    const place = this.places.get(webhookId);
    if (place?.token === token) place.token = undefined;
  }

  private placeOf(webhookId: string, authentication: OAuth2Authentication): Place {
    let place = this.places.get(webhookId);
    if (place?.authentication !== authentication) place = { authentication };
    this.places.set(webhookId, place);
    return place;
  }

  private async ask(authentication: OAuth2Authentication, timeoutMs: number): Promise<TokenAnswer> {
    const { headers, body } = requestOf(authentication);
    const askedAt = monotonicNow();
    const result = await this.http.ask(authentication.tokenUrl, headers, Buffer.from(body), timeoutMs);
    const { durationMs, outcome, httpStatus, error } = result;
    if (httpStatus === undefined)
      return { failure: { outcome, durationMs, error: `TOKEN_UNREACHABLE: ${error ?? outcome}` } };
    if (outcome !== 'success') return refused(`TOKEN_REFUSED: the token URL answered ${httpStatus}`, durationMs);
    const token = tokenOf(result.body, askedAt);
    return token
      ? { token, wasKept: false }
      : refused('TOKEN_INVALID: the answer of the token URL holds no bearer token', durationMs);
  }
}

/** Tried again like an answer that is no HTTP: wrong credentials may be mended before the schedule ends. */
const refused = (error: string, durationMs: number): TokenAnswer => ({
  failure: { outcome: 'protocol_error', durationMs, error },
});

function requestOf({ clientId, clientSecret, scope, audience, clientAuthentication }: OAuth2Authentication): {
  headers: string[];
  body: string;
} {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  if (audience !== undefined) form.set('audience', audience);
  const headers = ['Content-Type', 'application/x-www-form-urlencoded', 'Accept', 'application/json'];
  if (clientAuthentication === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  } else headers.push('Authorization', basicAuthorization(formEncoded(clientId), formEncoded(clientSecret)));
  return { headers, body: form.toString() };
}

/** RFC 6749, 2.3.1: id and secret are form-encoded before they are joined. */
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

function tokenOf(body: Buffer | undefined, askedAt: number): AccessToken | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body?.toString() ?? '');
  } catch {
    return undefined;
  }
  const fields = (answer ?? {}) as Readonly<Record<string, unknown>>;
  const { access_token: value, token_type: type = 'bearer', expires_in: life } = fields;
  if (typeof value !== 'string' || value.length > MAX_TOKEN_LENGTH || !TOKEN.test(value)) return undefined;
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined;
  // Some servers write the number as text.
  const seconds = Number(life ?? Number.NaN);
  const lifeMs = Number.isFinite(seconds) ? Math.max(0, seconds * 1_000) : UNSAID_LIFE_MS;
  return { value, usableUntil: askedAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 2) };
}
