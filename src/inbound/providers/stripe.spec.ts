import { describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { STRIPE_VECTORS } from '../../../test/vectors/signatures.js';
import { Secret } from '../../kernel/secret.js';
import { hmac } from '../../kernel/signatures/hmac.js';
import { newSecretPair, providerContract } from '../../testing/index.js';
import type { WebhookRequest } from './provider.js';
import { stripe } from './stripe.js';

const SECRET = 'whsec_ZmFrZSBidXQgcmVhbGlzdGlj';
const T = 1_767_225_600;
const BODY = Buffer.from('{"id":"evt_1","type":"charge.succeeded","created":1767225599}');

const mac = (time: string | number, body: Buffer = BODY, secret = SECRET): string =>
  hmac('sha256', secret, `${time}.`, body).toString('hex');
const GOOD = mac(T);
const BAD = mac(T, BODY, 'wrong');

const request = (header: string | undefined, body: Buffer = BODY): WebhookRequest => ({
  method: 'POST',
  url: 'https://shop.example/webhooks/stripe',
  headers: { 'stripe-signature': header },
  body,
});
const verify = (header: string | undefined, nowSeconds = T, toleranceSeconds?: number) =>
  stripe.verify(request(header), [new Secret(SECRET)], nowSeconds * 1_000, { toleranceSeconds });

const sdk = new Stripe('sk_test_unused');
describe('the contract, signed by the official library', () => {
  const cases = providerContract({
    provider: stripe,
    newSecret: () => newSecretPair('stripe'),
    headers: ['stripe-signature'],
    toleranceSeconds: 300,
    sign: ({ body, signWith: secret, nowMs }) => {
      const timestamp = Math.floor(nowMs / 1_000);
      // The library signs text; a body that is no text is signed by hand.
      const payload = body.toString('utf8');
      const header = Buffer.from(payload).equals(body)
        ? sdk.webhooks.generateTestHeaderString({ payload, secret, timestamp })
        : `t=${timestamp},v1=${mac(timestamp, body, secret)}`;
      return request(header, body);
    },
  });
  it.each(cases)('$name', ({ run }) => run());
});

describe('stripe', () => {
  it.each(STRIPE_VECTORS)('knows the answer of $origin', ({ secret, body, headers, nowMs }) => {
    const bytes = Buffer.from(body);
    expect(stripe.verify({ ...request(undefined, bytes), headers }, [new Secret(secret)], nowMs as number)).toEqual({
      ok: true,
    });
  });

  it.each([
    ['time first', `t=${T},v1=${GOOD}`],
    ['signature first', `v1=${GOOD},t=${T}`],
    ['the good one first of two', `t=${T},v1=${GOOD},v1=${BAD}`],
    ['the good one second of two', `t=${T},v1=${BAD},v1=${GOOD}`],
    ['the good one last of 32', `t=${T},${`v1=${BAD},`.repeat(31)}v1=${GOOD}`],
    ['unknown schemes beside it', `t=${T},v0=${BAD},v1=${GOOD},v2=x`],
  ])('accepts %s', (_, header) => {
    expect(verify(header)).toEqual({ ok: true });
  });

  it.each([
    ['33 signatures', `t=${T},${`v1=${BAD},`.repeat(32)}v1=${GOOD}`],
    ['a space after the comma', `t=${T}, v1=${GOOD}`],
    ['v0 only', `t=${T},v0=${GOOD}`],
    ['v2 only', `t=${T},v2=${GOOD}`],
    ['V1=', `t=${T},V1=${GOOD}`],
    ['T=', `T=${T},v1=${GOOD}`],
    ['upper-case hex', `t=${T},v1=${GOOD.toUpperCase()}`],
    ['a truncated signature', `t=${T},v1=${GOOD.slice(0, -1)}`],
    ['one character more', `t=${T},v1=${GOOD}0`],
    ['0x before it', `t=${T},v1=0x${GOOD}`],
    ['base64', `t=${T},v1=${Buffer.from(GOOD, 'hex').toString('base64')}`],
    ['64 characters that are not hex', `t=${T},v1=${'z'.repeat(64)}`],
    ['junk after the signature', `t=${T},v1=${GOOD}=junk`],
    ['an empty v1', `t=${T},v1=`],
    ['no v1', `t=${T}`],
    ['no time', `v1=${GOOD}`],
    ['two times', `t=${T},t=${T},v1=${GOOD}`],
    ['two other times, the last one right', `t=${T - 1},t=${T},v1=${GOOD}`],
    ['the header twice', `t=${T},v1=${GOOD}, t=${T},v1=${GOOD}`],
    ['a time followed by letters', `t=${T}abc,v1=${GOOD}`],
    ['a space before the time', `t= ${T},v1=${GOOD}`],
    ['a plus before the time', `t=+${T},v1=${GOOD}`],
    ['a decimal time', `t=${T}.5,v1=${GOOD}`],
    ['a word as time', `t=abc,v1=${mac('abc')}`],
    ['an exponent as time', `t=17e8,v1=${mac('17e8')}`],
    ['a negative time', `t=-5,v1=${mac('-5')}`],
    ['an empty time', `t=,v1=${mac('')}`],
    ['a trailing comma', `t=${T},v1=${GOOD},`],
  ])('refuses %s as malformed', (_, header) => {
    expect(verify(header)).toEqual({ ok: false, reason: 'malformed' });
  });

  it.each([
    ['v0 good and v1 bad', `t=${T},v0=${GOOD},v1=${BAD}`],
    ['a leading zero before the signed time', `t=0${T},v1=${GOOD}`],
    ['a time that was not signed', `t=${T + 1},v1=${GOOD}`],
  ])('refuses %s: no secret matches', (_, header) => {
    expect(verify(header)).toEqual({ ok: false, reason: 'no_secret_matched' });
  });

  it.each([
    ['300 s old', T + 300, true],
    ['301 s old', T + 301, false],
    ['300 s ahead', T - 300, true],
    ['301 s ahead', T - 301, false],
    ['ten years ahead', T - 315_360_000, false],
  ])('with a time %s', (_, nowSeconds, ok) => {
    expect(verify(`t=${T},v1=${GOOD}`, nowSeconds)).toEqual(ok ? { ok } : { ok, reason: 'stale' });
  });

  it('refuses a truly signed time of zero, or in milliseconds, as stale', () => {
    for (const time of ['0', `${T}000`, '9'.repeat(20)])
      expect(verify(`t=${time},v1=${mac(time)}`)).toEqual({ ok: false, reason: 'stale' });
  });

  it('takes the tolerance of the source', () => {
    expect(verify(`t=${T},v1=${GOOD}`, T + 301, 600)).toEqual({ ok: true });
    expect(verify(`t=${T},v1=${GOOD}`, T + 11, 10)).toEqual({ ok: false, reason: 'stale' });
  });

  it.each([
    ['without whsec_', SECRET.slice(6)],
    ['with a newline', `${SECRET}\n`],
    ['decoded', Buffer.from(SECRET.slice(6), 'base64').toString()],
  ])('refuses what was signed with the secret %s', (_, secret) => {
    expect(verify(`t=${T},v1=${mac(T, BODY, secret)}`)).toEqual({ ok: false, reason: 'no_secret_matched' });
  });

  it('names an event by its own id, type and time', () => {
    expect(stripe.describe(request(undefined), JSON.parse(BODY.toString()))).toEqual({
      externalId: 'evt_1',
      type: 'charge.succeeded',
      occurredAt: new Date('2025-12-31T23:59:59Z'),
    });
  });

  it.each([1e300, -1, 1.5, '1767225599', null])('takes no time from created: %p', (created) => {
    expect(stripe.describe(request(undefined), { created }).occurredAt).toBeUndefined();
  });
});
