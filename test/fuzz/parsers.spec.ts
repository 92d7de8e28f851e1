// What reads a stranger's bytes before anyone is known: whatever they are, it answers, and lets nobody in.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BUILT_IN_PROVIDERS } from '../../src/inbound/index.js';
import type { WebhookRequest } from '../../src/inbound/index.js';
import { PosthornError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import { cursorId } from '../../src/platform/http/index.js';
import { newSecretPair, SIGNED_PROVIDERS, signedRequest } from '../../src/testing/index.js';

const NOW_MS = 1_767_225_600_000;
const RUNS = { numRuns: 300 };

/** What headers can hold, as Node hands them over. */
const latin1 = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });

/** One place of a text replaced, deleted or doubled. */
interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 300 }),
  length: fc.nat({ max: 8 }),
  text: fc.oneof(latin1, fc.constantFrom('', ',', '=', ';', ' ', 't=', 'v1=', '-1', '1e99', '='.repeat(200))),
});

function edited(text: string, { at, length, text: fresh }: Edit): string {
  const place = at % (text.length + 1);
  return text.slice(0, place) + fresh + text.slice(place + length);
}

describe.each(SIGNED_PROVIDERS.map((name) => [name]))('%s', (name) => {
  const provider = BUILT_IN_PROVIDERS.find((each) => each.name === name)!;
  const { secret, signWith } = newSecretPair(name);
  const signed = signedRequest(name, { body: { id: 'e1', webhookTimestamp: NOW_MS }, secret: signWith, nowMs: NOW_MS });
  const headers = Object.keys(signed.headers);
  const ours = [new Secret(secret)];
  const anothers = [new Secret(newSecretPair(name).secret)];
  const accepts = (request: WebhookRequest, secrets: readonly Secret[]): boolean =>
    provider.verify(request, secrets, NOW_MS).ok;

  it('reads every header and body, and lets nobody in by another secret', () => {
    expect({ ours: accepts(signed, ours), anothers: accepts(signed, anothers) }).toEqual({
      ours: true,
      anothers: false,
    });
    fc.assert(
      fc.property(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 4 }), fc.uint8Array(), (which, edits, bytes) => {
        const header = headers[which % headers.length] as string;
        const value = edits.reduce(edited, signed.headers[header] as string);
        const headersThen = { ...signed.headers, [header]: value };
        expect(typeof accepts({ ...signed, headers: headersThen }, ours)).toBe('boolean');
        expect(accepts({ ...signed, headers: headersThen, body: Buffer.from(bytes) }, anothers)).toBe(false);
      }),
      RUNS,
    );
  });

  it('lets nobody in by headers that were never signed', () => {
    const one = fc.oneof(latin1, fc.constantFrom(undefined, '', String(NOW_MS / 1_000), 'v1=', 'sha256='));
    fc.assert(
      fc.property(fc.tuple(...headers.map(() => one)), (values) => {
        const made = Object.fromEntries(headers.map((header, at) => [header, values[at]]));
        expect(accepts({ ...signed, headers: made, body: Buffer.from('{}'), url: 'https://localhost/' }, ours)).toBe(
          false,
        );
      }),
      RUNS,
    );
  });

  it('reads and names whatever was signed', () => {
    const body = fc.oneof(fc.uint8Array(), fc.json(), latin1);
    fc.assert(
      fc.property(body, latin1, (bytes, contentType) => {
        const request = {
          ...signed,
          body: Buffer.from(bytes as string),
          headers: { ...signed.headers, 'content-type': contentType },
        };
        const parsed = provider.parse?.(request);
        const { externalId, type } = provider.describe(request, parsed?.data);
        expect([typeof externalId, typeof type]).toEqual(['string', 'string']);
      }),
      RUNS,
    );
  });
});

it('a cursor that no list gave out is refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), latin1), (cursor) => {
      expect(() => cursorId(cursor)).toThrow(PosthornError);
    }),
    { numRuns: 2_000 },
  );
});
