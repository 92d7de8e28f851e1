// The published contract of request signers: ours passes it, and each way to be wrong fails a case of its own.
import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import type { Secret } from '../../src/kernel/secret.js';
import { RequestSigner, StandardSigner } from '../../src/index.js';
import type { SignatureHeaders, UnsignedRequest } from '../../src/index.js';
import { requestSignerContract } from '../../src/testing/index.js';

describe('the signer of Posthorn', () => {
  for (const { name, run } of requestSignerContract(() => new StandardSigner())) it(name, run);
});

type Sign = (request: UnsignedRequest, secrets: readonly Secret[]) => SignatureHeaders | Promise<SignatureHeaders>;

const signing = (sign: Sign): RequestSigner =>
  new (class extends RequestSigner {
    override sign(...asked: Parameters<Sign>): SignatureHeaders | Promise<SignatureHeaders> {
      return sign(...asked);
    }
  })();

const hmacOf = (body: Buffer, key: string): string => createHmac('sha256', key).update(body).digest('hex');
const right: Sign = ({ body }, [secret]) => ({ 'X-Acme-Signature': hmacOf(body, secret?.reveal() ?? '') });

describe('a signer of somebody else', () => {
  for (const { name, run } of requestSignerContract(() =>
    signing((request, secrets) => Promise.resolve(right(request, secrets))),
  ))
    it(name, run);

  it.each<[string, Sign, string]>([
    ['nothing', () => ({}), 'answers at least one'],
    ['a name that says something else already', () => ({ 'webhook-id': 'x' }), 'answers at least one'],
    ['a value of two lines', ({ body }) => ({ 'X-Acme': `${hmacOf(body, 'k')}\n` }), 'answers at least one'],
    ['the secret itself', (_, [secret]) => ({ 'X-Acme-Token': secret?.reveal() ?? '' }), 'tells no secret'],
    ['a hand in the body', (request, secrets) => (request.body.fill(32), right(request, secrets)), 'changes nothing'],
    [
      'an eye for its length alone',
      ({ body }, [s]) => ({ 'X-A': hmacOf(Buffer.alloc(body.length), String(s?.reveal())) }),
      'signs each',
    ],
    ['a key of its own', ({ body }) => ({ 'X-Acme-Signature': hmacOf(body, 'ours') }), 'signs each'],
    ['dice', () => ({ 'X-Acme-Signature': String(Math.random()) }), 'signs each'],
  ])('that answers %s fails a case', async (_, sign, part) => {
    const wrong = requestSignerContract(() => signing(sign)).find(({ name }) => name.includes(part));
    await expect(wrong?.run()).rejects.toThrow();
  });
});
