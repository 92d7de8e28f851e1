import { describe, expect, it } from '@jest/globals';
import { sign } from '@octokit/webhooks-methods';
import { GITHUB_VECTORS } from '../../../test/vectors/signatures.js';
import { Secret } from '../../kernel/secret.js';
import { hmac } from '../../kernel/signatures/hmac.js';
import { newSecretPair, providerContract } from '../../testing/index.js';
import { github } from './github.js';
import type { WebhookRequest } from './provider.js';

const SECRET = 'a-github-secret';
const BODY = Buffer.from('{\n  "action": "opened"\n}\n');
const GOOD = hmac('sha256', SECRET, BODY).toString('hex');
const SHA1 = hmac('sha1', SECRET, BODY).toString('hex');
const SHA512 = hmac('sha512', SECRET, BODY).toString('hex');

const request = (headers: WebhookRequest['headers'], body: Buffer = BODY): WebhookRequest => ({
  method: 'POST',
  url: 'https://shop.example/webhooks/github',
  headers,
  body,
});
const verify = (headers: WebhookRequest['headers'], body = BODY) =>
  github.verify(request(headers, body), [new Secret(SECRET)], 0);

describe('the contract, signed by the official library', () => {
  const cases = providerContract({
    provider: github,
    newSecret: () => newSecretPair('github'),
    headers: ['x-hub-signature-256'],
    sign: async ({ body, signWith }) => {
      // The library signs non-empty text; the other bodies are signed by hand.
      const text = body.toString('utf8');
      const byLibrary = text !== '' && Buffer.from(text).equals(body);
      const value = byLibrary ? await sign(signWith, text) : `sha256=${hmac('sha256', signWith, body).toString('hex')}`;
      return request({ 'x-hub-signature-256': value }, body);
    },
  });
  it.each(cases)('$name', ({ run }) => run());
});

describe('github', () => {
  it.each(GITHUB_VECTORS)('knows the answer of $origin', ({ secret, body, headers }) => {
    expect(github.verify(request(headers, Buffer.from(body)), [new Secret(secret)], 0)).toEqual({ ok: true });
  });

  it.each([
    ['upper-case hex', `sha256=${GOOD.toUpperCase()}`],
    ['SHA256=', `SHA256=${GOOD}`],
    ['no prefix', GOOD],
    ['a SHA-1 in the SHA-256 header', `sha1=${SHA1}`],
    ['a SHA-1 that claims to be SHA-256', `sha256=${SHA1}`],
    ['a SHA-512', `sha512=${SHA512}`],
    ['the prefix twice', `sha256=sha256=${GOOD}`],
    ['a space before the digits', `sha256= ${GOOD}`],
    ['a space after the digits', `sha256=${GOOD} `],
    ['two joined', `sha256=${GOOD}, sha256=${GOOD}`],
    ['the prefix only', 'sha256='],
    ['63 digits', `sha256=${GOOD.slice(1)}`],
    ['base64', `sha256=${Buffer.from(GOOD, 'hex').toString('base64')}`],
  ])('refuses %s as malformed', (_, value) => {
    expect(verify({ 'x-hub-signature-256': value })).toEqual({ ok: false, reason: 'malformed' });
  });

  it('does not read the SHA-1 header', () => {
    expect(verify({ 'x-hub-signature': `sha1=${SHA1}` })).toEqual({ ok: false, reason: 'no_signature' });
    const wrong = `sha256=${'0'.repeat(64)}`;
    expect(verify({ 'x-hub-signature': `sha1=${SHA1}`, 'x-hub-signature-256': wrong })).toMatchObject({ ok: false });
  });

  it.each([
    [
      { 'x-github-event': 'pull_request', 'x-github-delivery': 'guid-1' },
      { action: 'opened' },
      'pull_request.opened',
      'guid-1',
    ],
    [{ 'x-github-event': 'push', 'x-github-delivery': 'guid-2' }, { ref: 'main' }, 'push', 'guid-2'],
    [{ 'x-github-event': 'ping', 'x-github-delivery': 'guid-3' }, { zen: 'Keep it.' }, 'ping', 'guid-3'],
    [{ 'x-github-event': 'push', 'x-github-delivery': 'guid-4' }, undefined, 'push', 'guid-4'],
    [{ 'x-github-delivery': 'guid-5' }, { action: 1 }, 'unknown', 'guid-5'],
  ])('names %j', (headers, data, type, externalId) => {
    expect(github.describe(request(headers), data)).toEqual({ externalId, type });
  });

  it('numbers a delivery without an id by its body', () => {
    const { externalId } = github.describe(request({ 'x-github-event': 'push' }), {});
    expect(externalId).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(github.describe(request({ 'x-github-event': 'push' }, Buffer.from('{}')), {}).externalId).not.toBe(
      externalId,
    );
  });

  it('finds the JSON of a form, and takes any other body as it is', () => {
    const form = Buffer.from(`payload=${encodeURIComponent('{"zen":"Ünïcode & more"}')}&x=1`);
    const type = 'application/x-www-form-urlencoded; charset=utf-8';
    const read = (contentType: string | undefined, body: Buffer) =>
      github.parse?.({ headers: { 'content-type': contentType }, body });
    expect(read(type, form)).toEqual({ data: { zen: 'Ünïcode & more' } });
    expect(read(type, Buffer.from('x=1'))).toBeUndefined();
    expect(read('application/json', form)).toBeUndefined();
    expect(read(undefined, Buffer.from('{"a":1}'))).toEqual({ data: { a: 1 } });
  });
});
