// What every authenticator must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import { PosthornError } from '../kernel/errors.js';
import { isPrincipal } from '../platform/access/index.js';
import type { AuthenticationRequest, Authenticator, Principal } from '../platform/access/index.js';
import type { ContractCase } from './contract/bench.js';

/** An authenticator, and requests as it will meet them. */
export interface AuthenticatorSubject {
  readonly authenticator: Authenticator;
  /** A request of a caller that it knows and that does not run the installation, made anew by each call. */
  known(): AuthenticationRequest;
  /** Requests that look like one, of callers that it must not let in: expired, forged, of somebody who left. */
  readonly strangers: readonly AuthenticationRequest[];
  /** A tenant that exists, and that the known caller has no business with. */
  readonly foreignTenant: string;
}

const nobody: AuthenticationRequest = { request: { headers: {} } };

const GARBAGE = [
  '',
  'Bearer',
  'Bearer ',
  'Bearer x',
  'bearer\t',
  'Basic dTpw',
  'x',
  'x'.repeat(4_000),
  'Bearer \u{1f422}',
];

/**
 * The cases that an authenticator must pass: it names tenant, scopes and somebody, the same for the same request; it keeps the
 * tenant whatever `X-Tenant` says; it refuses everyone else as unauthenticated, alike.
 *
 * @example
 * for (const { name, run } of authenticatorContract({ authenticator, known, strangers, foreignTenant: 'acme' })) it(name, run);
 */
export function authenticatorContract(subject: AuthenticatorSubject): ContractCase[] {
  const { authenticator, strangers, foreignTenant } = subject;
  const known = (): AuthenticationRequest => subject.known();
  const ask = async (request: AuthenticationRequest): Promise<Principal> => authenticator.authenticate(request);
  const refusalOf = async (request: AuthenticationRequest): Promise<PosthornError> => {
    const outcome = await ask(request).catch((error: unknown) => error);
    assert.ok(outcome instanceof PosthornError, `neither let in nor refused by a PosthornError: ${String(outcome)}`);
    return outcome;
  };
  const refusedAsUnknown = async (request: AuthenticationRequest): Promise<string> => {
    const { kind, code, message } = await refusalOf(request);
    assert.equal(kind, 'unauthenticated');
    return `${code}: ${message}`;
  };
  const cases: Record<string, () => Promise<void>> = {
    'names a tenant, known scopes and somebody': async () => {
      const principal = await ask(known());
      assert.ok(isPrincipal(principal), `not a principal: ${JSON.stringify(principal)}`);
      assert.notEqual(principal.installation, true, 'the known caller runs the installation');
    },

    'decides the same for the same request': async () => {
      assert.deepEqual(await ask(known()), await ask(known()));
    },

    'stays with the tenant of the caller, whatever X-Tenant says': async () => {
      assert.notEqual((await ask(known())).tenantId, foreignTenant);
      const answer = await ask({ ...known(), tenant: foreignTenant }).catch((error: unknown) => error);
      if (!(answer instanceof PosthornError)) assert.notEqual((answer as Principal).tenantId, foreignTenant);
    },

    'refuses a caller without any credential, also one that names a tenant': async () => {
      await refusedAsUnknown(nobody);
      await refusedAsUnknown({ ...nobody, tenant: foreignTenant });
      await refusedAsUnknown({ ...nobody, tenant: 'no-such-tenant' });
    },

    'refuses what is no credential': async () => {
      for (const authorization of GARBAGE) await refusedAsUnknown({ ...nobody, authorization });
    },

    'refuses strangers alike, and tells them nothing': async () => {
      assert.ok(strangers.length > 0, 'give at least one stranger');
      const answers = new Set<string>();
      for (const stranger of strangers) {
        answers.add(await refusedAsUnknown(stranger));
        answers.add(await refusedAsUnknown({ ...stranger, tenant: foreignTenant }));
      }
      assert.equal(answers.size, 1, `they differ: ${[...answers].join(' | ')}`);
    },
  };
  return Object.entries(cases).map(([name, run]) => ({ name, run }));
}
