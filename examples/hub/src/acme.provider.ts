import { createHmac, timingSafeEqual } from 'node:crypto';
import { bodyId, headerOf, textField, UNKNOWN_TYPE } from 'posthorn';
import type { Description, Provider, Secret, SourceOptions, Verdict, WebhookRequest } from 'posthorn';

const HEADER = 'x-acme-signature';
const FORM = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** The carrier signs the time and the bytes: `X-Acme-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. */
export class Acme implements Provider {
  readonly name = 'acme';
  readonly sendsJson = true;

  verify(
    { headers, body }: WebhookRequest,
    secrets: readonly Secret[],
    nowMs: number,
    { toleranceSeconds = 300 }: SourceOptions = {},
  ): Verdict {
    const header = headerOf(headers, HEADER);
    if (header === undefined) return { ok: false, reason: 'no_signature' };
    const [, time, signature] = FORM.exec(header ?? '') ?? [];
    if (time === undefined || signature === undefined) return { ok: false, reason: 'malformed' };
    if (Math.abs(nowMs - Number(time) * 1_000) > toleranceSeconds * 1_000) return { ok: false, reason: 'stale' };
    const given = Buffer.from(signature, 'hex');
    const matches = secrets.map((secret) => {
      const expected = createHmac('sha256', secret.reveal()).update(`${time}.`).update(body).digest();
      return timingSafeEqual(given, expected);
    });
    return matches.includes(true) ? { ok: true } : { ok: false, reason: 'no_secret_matched' };
  }

  describe({ body }: WebhookRequest, data: unknown): Description {
    return { externalId: textField(data, 'id') ?? bodyId(body), type: textField(data, 'type') ?? UNKNOWN_TYPE };
  }
}
