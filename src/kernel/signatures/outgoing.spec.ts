import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { newSigningSecret, Secret } from '../secret.js';
import { plainSignature, signingKey, standardSignature } from './outgoing.js';

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
    expect(plainSignature(key, Buffer.from('Hello, World!'))).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });
});
