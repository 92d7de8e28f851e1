// What every provider must do, ours or a user's: call this inside a spec with the provider and a way to sign for it.
import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/kernel/secret.js';
import type { Provider, WebhookRequest } from '../../src/inbound/providers/provider.js';

/** Signs a body as the sender does, best with the sender's own library. */
export type Signer = (body: Buffer, secret: string, nowMs: number) => Promise<Record<string, string>>;

const SECRET = 'the-right-secret-of-this-source';
const NOW_MS = 1_767_225_600_000;

/** Registers the suite. `signatureHeader` is the header that must be there. */
export function providerContract(provider: Provider, sign: Signer, signatureHeader: string): void {
  const body = Buffer.from('{"id":"evt_1","type":"thing.happened","text":"żółw 🐢"}');
  const request = (headers: WebhookRequest['headers'], bytes = body): WebhookRequest => ({
    method: 'POST',
    url: 'https://shop.example/webhooks/it',
    headers,
    body: bytes,
  });
  const verify = (headers: WebhookRequest['headers'], bytes = body, secrets = [SECRET]) =>
    provider.verify(
      request(headers, bytes),
      secrets.map((text) => new Secret(text)),
      NOW_MS,
    );

  describe(`contract of the provider ${provider.name}`, () => {
    it('accepts what the sender’s own library signed', async () => {
      expect(verify(await sign(body, SECRET, NOW_MS))).toEqual({ ok: true });
    });

    it('accepts any of several live secrets, wherever it stands', async () => {
      const headers = await sign(body, SECRET, NOW_MS);
      for (const secrets of [
        [SECRET, 'other'],
        ['other', SECRET],
        ['a', 'b', SECRET, 'c'],
      ])
        expect(verify(headers, body, secrets)).toEqual({ ok: true });
    });

    it('refuses another source’s secret, and any request when there is no secret', async () => {
      const headers = await sign(body, 'another secret', NOW_MS);
      expect(verify(headers)).toEqual({ ok: false, reason: 'no_secret_matched' });
      expect(verify(headers, body, [])).toEqual({ ok: false, reason: 'no_secret_matched' });
    });

    it('refuses a body in which any one byte differs', async () => {
      const headers = await sign(body, SECRET, NOW_MS);
      for (let at = 0; at < body.length; at++) {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] as number) ^ 1;
        expect(verify(headers, changed)).toMatchObject({ ok: false });
      }
    });

    it('refuses the same JSON in other bytes', async () => {
      const headers = await sign(body, SECRET, NOW_MS);
      const parsed: unknown = JSON.parse(body.toString());
      const others = {
        'written again': Buffer.from(JSON.stringify(parsed, null, 2)),
        'with a newline': Buffer.concat([body, Buffer.from('\n')]),
        'with a byte order mark': Buffer.concat([Buffer.from('\uFEFF'), body]),
        'in latin-1': Buffer.from(body.toString(), 'latin1'),
      };
      for (const bytes of Object.values(others)) expect(verify(headers, bytes)).toMatchObject({ ok: false });
    });

    it('verifies bytes that are no text', async () => {
      const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80]);
      expect(verify(await sign(bytes, SECRET, NOW_MS), bytes)).toEqual({ ok: true });
      const replaced = Buffer.from(bytes.toString('utf8'));
      expect(verify(await sign(replaced, SECRET, NOW_MS), bytes)).toMatchObject({ ok: false });
    });

    it('verifies an empty body', async () => {
      const empty = Buffer.alloc(0);
      expect(verify(await sign(empty, SECRET, NOW_MS), empty)).toEqual({ ok: true });
    });

    it('says no_signature without the header, and with an empty one', async () => {
      const headers = await sign(body, SECRET, NOW_MS);
      const without = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== signatureHeader));
      expect(verify(without)).toEqual({ ok: false, reason: 'no_signature' });
      expect(verify({ ...headers, [signatureHeader]: '' })).toEqual({ ok: false, reason: 'no_signature' });
    });

    it('refuses a header that came twice', async () => {
      const headers = await sign(body, SECRET, NOW_MS);
      const value = headers[signatureHeader] as string;
      expect(verify({ ...headers, [signatureHeader]: `${value}, ${value}` })).toMatchObject({ ok: false });
      expect(verify({ ...headers, [signatureHeader]: [value, value] })).toMatchObject({ ok: false });
    });

    it('never throws and never accepts, whatever the header holds', async () => {
      const headers = await sign(body, SECRET, NOW_MS);
      const value = headers[signatureHeader] as string;
      const broken = [
        '=',
        ',',
        '==,=',
        '\u0000',
        'é'.repeat(64),
        ' '.repeat(100),
        'x'.repeat(20_000),
        '%E0%A4%A',
        '__proto__=1',
      ];
      for (let at = 0; at < value.length; at++)
        broken.push(
          value.slice(0, at),
          `${value.slice(0, at)}é${value.slice(at + 1)}`,
          `${value.slice(0, at)},${value.slice(at)}`,
        );
      for (const text of broken) expect(verify({ ...headers, [signatureHeader]: text })).toMatchObject({ ok: false });
    });

    it('describes any body without throwing', () => {
      const datas: unknown[] = [
        undefined,
        null,
        1,
        'text',
        [],
        {},
        { id: 1, type: {} },
        JSON.parse('{"__proto__":{"id":"x"}}'),
      ];
      for (const data of datas) {
        const described = provider.describe(request({}), data);
        expect(described.externalId).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(described.type).not.toBe('');
      }
    });
  });
}
