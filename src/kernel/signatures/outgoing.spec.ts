import { describe, expect, it } from '@jest/globals';
import { createPublicKey, sign, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Secret } from '../secret.js';
import { plainSignature, signingKey, standardSignature } from './outgoing.js';
import { isSigningSecret, newSigningSecret, privateKeyOf, publicKeyOf } from './signing-secret.js';

describe('the Standard Webhooks signature', () => {
  it('is the one that the specification and the svix libraries publish', () => {
    // Vector of the standard-webhooks libraries (libraries/*/test) and of svix-libs.
    const key = signingKey(new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1_614_265_330,
      body: Buffer.from('{"test": 2432232314}'),
    };
    expect(standardSignature([key], message)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('carries one signature for each live secret, and either verifies', () => {
    const [newer, older] = [newSigningSecret(), newSigningSecret()];
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const body = Buffer.from('{"a":1}');
    const signature = standardSignature([signingKey(newer), signingKey(older)], {
      id: 'evt-1',
      timestampSeconds,
      body,
    });
    const headers = {
      'webhook-id': 'evt-1',
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': signature,
    };
    for (const secret of [newer, older]) {
      expect(new Webhook(secret.reveal()).verify(body.toString(), headers)).toEqual({ a: 1 });
    }
    expect(() => new Webhook(newSigningSecret().reveal()).verify(body.toString(), headers)).toThrow();
  });
});

describe('the plain signature', () => {
  it('is the one that GitHub documents for its sha256= header', () => {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    const key = signingKey(new Secret("It's a Secret to Everybody"));
    expect(plainSignature([key], Buffer.from('Hello, World!'))).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });
});

describe('an Ed25519 signature', () => {
  it('is the one of RFC 8032, over what Standard Webhooks signs', () => {
    // Key of test 3 of RFC 8032, 7.1; its signature of af82 is published there, of our message checked by the public key.
    const seed = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';
    const publicKey = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';
    const secret = new Secret(`whsk_${Buffer.from(seed + publicKey, 'hex').toString('base64')}`);
    expect(publicKeyOf(secret)).toBe(`whpk_${Buffer.from(publicKey, 'hex').toString('base64')}`);
    expect(sign(null, Buffer.from('af82', 'hex'), privateKeyOf(secret)).toString('hex')).toBe(
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    );
    const body = Buffer.from('{"a":1}');
    const header = standardSignature([signingKey(secret)], { id: 'evt-1', timestampSeconds: 1_614_265_330, body });
    const [version, signature] = header.split(',') as [string, string];
    const x = Buffer.from(publicKey, 'hex').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const signed = Buffer.from('evt-1.1614265330.{"a":1}');
    expect(version).toBe('v1a');
    expect(verify(null, signed, key, Buffer.from(signature, 'base64'))).toBe(true);
    expect(plainSignature([signingKey(secret)], body)).toBeUndefined();
  });

  it('stands beside the shared one while both secrets live', () => {
    const keys = [newSigningSecret('ed25519'), newSigningSecret()].map(signingKey);
    const message = { id: 'evt-1', timestampSeconds: 1, body: Buffer.from('{}') };
    expect(standardSignature(keys, message)).toMatch(/^v1a,[^ ]{88} v1,[^ ]{44}$/);
    expect(plainSignature(keys, message.body)).toBe(plainSignature(keys.slice(1), message.body));
  });
});

describe('a signing secret', () => {
  it('is made of 32 random bytes, or is an Ed25519 key with its public half', () => {
    const text = newSigningSecret().reveal();
    expect(text).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSigningSecret().reveal()).not.toBe(text);
    const key = newSigningSecret('ed25519');
    expect(key.reveal()).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    expect(isSigningSecret(key.reveal())).toBe(true);
  });

  const bytes = (prefix: string, length: number): string => `${prefix}${Buffer.alloc(length, 7).toString('base64')}`;
  it.each([
    ['whsec_ and 24 bytes', bytes('whsec_', 24), true],
    ['whsec_ and 64 bytes', bytes('whsec_', 64), true],
    ['whsec_ and 23 bytes', bytes('whsec_', 23), false],
    ['whsec_ and 65 bytes', bytes('whsec_', 65), false],
    ['whsec_ and base64 without its padding', bytes('whsec_', 25).replace(/=+$/, ''), false],
    ['whsec_ and no base64', `whsec_${'*'.repeat(40)}`, false],
    ['whsk_ and a seed', bytes('whsk_', 32), true],
    ['whsk_ and a seed with another public key', bytes('whsk_', 64), false],
    ['whsk_ and 31 bytes', bytes('whsk_', 31), false],
    ['a public key', bytes('whpk_', 32), false],
    ['24 printable characters', 'x'.repeat(24), true],
    ['23 characters', 'x'.repeat(23), false],
    ['257 characters', 'x'.repeat(257), false],
    ['a space', `${'x'.repeat(24)} x`, false],
    ['characters beyond ASCII', `${'x'.repeat(24)}é`, false],
  ])('%s: taken or refused', (_, text, taken) => expect(isSigningSecret(text)).toBe(taken));
});
