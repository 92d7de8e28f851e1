// The samples of `posthorn/testing`: each is what its provider accepts and reads the asked type from.
import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS } from '../../src/inbound/index.js';
import { Secret } from '../../src/kernel/secret.js';
import { newSecretPair, sampleWebhook, signedRequest } from '../../src/testing/index.js';
import type { SignedProvider } from '../../src/testing/index.js';
import { ASKED_TYPES } from './asked-types.js';

const NOW_MS = 1_767_225_600_000;
const HMAC = {
  header: 'X-Any-Signature',
  timestampHeader: 'X-Any-Time',
  template: '{header:X-Any-Id}{timestamp}{body}',
};
const PLACES = { id: 'header:X-Any-Id', type: 'body:meta.what.kind' };

/** What the provider makes of a sample, as if it had been sent. */
function received(name: string, type: string, config: Record<string, unknown> = {}) {
  const provider = BUILT_IN_PROVIDERS.find((each) => each.name === name)!;
  const kind = name as SignedProvider | 'hmac';
  const { secret, signWith } = newSecretPair(kind);
  const sample = sampleWebhook(kind, type, { nowMs: NOW_MS, config });
  const request = signedRequest(kind, { secret: signWith, nowMs: NOW_MS, config, ...sample });
  const verdict = provider.verify(request, [new Secret(secret)], NOW_MS, { config });
  const parsed = provider.parse ? provider.parse(request) : { data: JSON.parse(request.body.toString()) as unknown };
  return { verdict, ...provider.describe(request, parsed?.data, { config }) };
}

it('is asked for by at least one type of every provider', () => {
  expect(Object.keys(ASKED_TYPES).sort()).toEqual(BUILT_IN_PROVIDERS.map(({ name }) => name).sort());
});

describe.each(Object.entries(ASKED_TYPES))('a sample of %s', (name, types) => {
  const config: Record<string, unknown> = name === 'hmac' ? { ...HMAC, ...PLACES } : {};

  it.each(types)('holds, and is of type %s', (type) => {
    const read = received(name, type, config);
    expect(read).toMatchObject({ verdict: { ok: true }, type });
    // None of them is taken for a copy of another.
    expect(received(name, type, config).externalId).not.toBe(read.externalId);
  });
});

it.each(['basic', 'bearer'])('of %s has id and type where the config of the source says', (name) => {
  expect(received(name, 'order.paid', PLACES)).toMatchObject({ type: 'order.paid' });
});

it.each(['sendgrid', 'hubspot'] as const)('of %s is a list, whose items are of the asked type', (name) => {
  expect(received(name, 'bounce')).toMatchObject({ verdict: { ok: true }, type: 'events' });
  expect(JSON.stringify(sampleWebhook(name, 'bounce').body)).toContain('"bounce"');
});

it.each(['', 'two words', 'a\nb', 'x'.repeat(256)])('is refused for what is no type: %j', (type) => {
  expect(() => sampleWebhook('stripe', type)).toThrow('A type is');
});
