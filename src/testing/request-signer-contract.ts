// What every request signer must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import { problemOfSignature } from '../kernel/custom-headers.js';
import { Secret } from '../kernel/secret.js';
import { newSigningSecret } from '../kernel/signatures/signing-secret.js';
import type { RequestSigner, SignatureHeaders, UnsignedRequest } from '../delivery/index.js';
import type { ContractCase } from './contract/bench.js';

const REQUEST: UnsignedRequest = {
  tenantId: 'default',
  webhookId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e',
  url: 'https://shop.example/hooks',
  eventId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4f',
  event: 'order.completed',
  deliveryId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c50',
  attempt: 1,
  timestampSeconds: 1_767_225_600,
  body: Buffer.from('{"orderId":"1042"}'),
};

const BODIES = ['{}', '{"text":"żółw 🐢 \\u0000"}', `{"long":"${'x'.repeat(300_000)}"}`].map((text) =>
  Buffer.from(text),
);

/** What a customer brings along, and what each scheme makes. */
const SECRETS: readonly (readonly Secret[])[] = [
  [newSigningSecret()],
  [newSigningSecret('ed25519')],
  [new Secret('a secret of another system')],
  [newSigningSecret(), newSigningSecret()],
];

/**
 * The cases that a request signer must pass: headers that a request can carry, over the body as it is and by the secret that
 * it is given, which it does not tell.
 *
 * @param make - Makes one, for each case anew.
 * @param isDeterministic - Whether the same request and secrets get the same headers each time. @defaultValue true
 * @example
 * for (const { name, run } of requestSignerContract(() => new AcmeSigner())) it(name, run);
 */
export function requestSignerContract(make: () => RequestSigner, isDeterministic = true): ContractCase[] {
  const everywhere = async (
    look: (headers: SignatureHeaders, secrets: readonly Secret[], body: Buffer) => void,
  ): Promise<void> => {
    const signer = make();
    for (const secrets of SECRETS)
      for (const body of BODIES) look(await signer.sign({ ...REQUEST, body }, secrets), secrets, body);
  };
  const signed = async (request: Partial<UnsignedRequest>, secrets: readonly Secret[]): Promise<string> =>
    JSON.stringify(await make().sign({ ...REQUEST, ...request }, secrets));
  return [
    {
      name: 'answers at least one header that a request can carry, for every body and kind of secret',
      run: () =>
        everywhere((headers) => {
          assert.notEqual(Object.keys(headers).length, 0, 'it signed nothing');
          for (const [name, value] of Object.entries(headers))
            assert.equal(problemOfSignature(name, value), undefined, name);
        }),
    },
    {
      name: 'tells no secret',
      run: () =>
        everywhere((headers, secrets) => {
          const text = JSON.stringify(headers);
          for (const secret of secrets) assert.ok(!text.includes(secret.reveal()), 'a secret stands in a header');
        }),
    },
    {
      name: 'changes nothing of the body',
      run: async () => {
        const body = Buffer.from(BODIES[1] as Buffer);
        await make().sign({ ...REQUEST, body }, SECRETS[0] as readonly Secret[]);
        assert.deepEqual(body, BODIES[1]);
      },
    },
    {
      name: 'signs each body, and by each secret, differently',
      run: async () => {
        const [one, other] = [newSigningSecret(), newSigningSecret()];
        const first = await signed({}, [one]);
        assert.notEqual(await signed({ body: Buffer.from('{"orderId":"1043"}') }, [one]), first, 'another body');
        assert.notEqual(await signed({}, [other]), first, 'another secret');
        if (isDeterministic) assert.equal(await signed({}, [one]), first, 'the same again');
      },
    },
  ];
}
