// The published contract of authenticators: ours passes it, and each way to be wrong fails a case of its own.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator, KeyAuthenticator, PosthornError, UnauthenticatedError } from '../../src/index.js';
import type { AuthenticationRequest, Principal } from '../../src/index.js';
import { newApiKey } from '../../src/kernel/api-key.js';
import { authenticatorContract } from '../../src/testing/index.js';
import type { AuthenticatorSubject } from '../../src/testing/index.js';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const bearer = (key: string): AuthenticationRequest => ({ authorization: `Bearer ${key}`, request: {} });

describe('the authenticator of Posthorn', () => {
  let server: TestServer;
  let subject: AuthenticatorSubject;
  beforeAll(async () => {
    server = await startTestServer();
    await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
    const make = async (): Promise<{ id: string; key: string }> =>
      (await server.api<{ id: string; key: string }>('POST', '/api/api-keys', { name: 'k', scopes: ['events:write'] }))
        .body;
    const [{ key }, revoked] = [await make(), await make()];
    await server.api('DELETE', `/api/api-keys/${revoked.id}`);
    subject = {
      authenticator: server.get(KeyAuthenticator),
      known: () => bearer(key),
      strangers: [
        bearer(newApiKey().reveal()),
        bearer(revoked.key),
        bearer(`${ADMIN_KEY}x`),
        bearer(key.toUpperCase()),
      ],
      foreignTenant: 'acme',
    };
  });
  afterAll(() => server.close());

  // The names are known before there is a server.
  const names = authenticatorContract({} as AuthenticatorSubject).map(({ name }) => name);
  it.each(names)('%s', (name) =>
    authenticatorContract(subject)
      .find((each) => each.name === name)
      ?.run(),
  );
});

class Sessions extends Authenticator {
  constructor(private readonly decide: (request: AuthenticationRequest, user: string | undefined) => unknown) {
    super();
  }

  authenticate(request: AuthenticationRequest): Promise<Principal> {
    return Promise.resolve(this.decide(request, (request.request as { user?: string }).user) as Principal);
  }
}

const ann: Principal = { tenantId: 'default', scopes: ['webhooks:read'], subject: 'user:ann' };
const refuse = (): never => {
  throw new UnauthenticatedError();
};
const of = (user: string): AuthenticationRequest => ({ request: { user } });
const subjectOf = (decide: ConstructorParameters<typeof Sessions>[0]): AuthenticatorSubject => ({
  authenticator: new Sessions(decide),
  known: () => of('ann'),
  strangers: [of('eve'), of('mallory')],
  foreignTenant: 'acme',
});

let count = 0;

/** What is wrong, and the case that must see it. */
const WRONG: [string, ConstructorParameters<typeof Sessions>[0], string][] = [
  [
    'a scope that there is not',
    (_, user) => (user === 'ann' ? { ...ann, scopes: ['root'] } : refuse()),
    'names a tenant',
  ],
  ['nobody', (_, user) => (user === 'ann' ? { ...ann, subject: '' } : refuse()), 'names a tenant'],
  ['everything', (_, user) => (user === 'ann' ? { ...ann, installation: true } : refuse()), 'names a tenant'],
  ['another subject each time', (_, user) => (user ? { ...ann, subject: `${(count += 1)}` } : refuse()), 'the same'],
  [
    'a tenant of the caller’s choice',
    ({ tenant = 'default' }, user) => (user ? { ...ann, tenantId: tenant } : refuse()),
    'X-Tenant',
  ],
  ['guests', (_, user) => (user === 'eve' ? refuse() : ann), 'without any credential'],
  [
    'a TypeError',
    ({ authorization }) => authorization?.split(' ')[1]?.at(0)?.concat() ?? (undefined as never as { x: { y: 1 } }).x.y,
    'no credential',
  ],
  [
    'an answer that tells',
    (_, user) => {
      throw new PosthornError('unauthenticated', 'unauthenticated', `Who is ${user}?`);
    },
    'alike',
  ],
];

describe('an authenticator with', () => {
  it.each(WRONG)('%s fails a case', async (_, decide, part) => {
    const wrong = authenticatorContract(subjectOf(decide)).find(({ name }) => name.includes(part));
    await expect(async () => wrong?.run()).rejects.toThrow();
  });
});

describe('a right one of somebody else’s', () => {
  const right = subjectOf((_, user) => (user === 'ann' ? ann : refuse()));
  for (const { name, run } of authenticatorContract(right)) it(name, run);
});
