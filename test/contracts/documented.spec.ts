// The classes that the documentation shows for each seam do what the published contract of that seam asks: they are run from
// its text.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { HttpTransport, KeyAuthenticator, KeyRingCipher, PayloadTransformer, SecretBoxError } from '../../src/index.js';
import type {
  Alert,
  AlertSink,
  AuthenticationRequest,
  Authenticator,
  Provider,
  RequestSigner,
  RetryPolicy,
  SecretCipher,
  SqlExecutor,
  Transport,
} from '../../src/index.js';
import {
  alertSinkContract,
  authenticatorContract,
  newSecretPair,
  payloadTransformerContract,
  providerContract,
  requestSignerContract,
  retryPolicyContract,
  secretCipherContract,
  sqlExecutorContract,
  transportContract,
} from '../../src/testing/index.js';
import * as testing from '../../src/testing/index.js';
import type { AuthenticatorSubject, ContractCase } from '../../src/testing/index.js';
import { cloneDatabase } from '../setup/database.js';
import { documented } from '../setup/documented.js';
import { KeyServiceCipher } from '../setup/key-service.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
  await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
});
afterAll(() => server.close());

const hold = (cases: readonly ContractCase[]): void => {
  for (const { name, run } of cases) it(name, run);
};

describe('the retry policy', () => {
  let policy: RetryPolicy;
  beforeAll(async () => {
    interface Shown {
      TrialPolicy: new (accounts: object) => RetryPolicy;
      Accounts: Type<object>;
    }
    const { TrialPolicy, Accounts } = await documented<Shown>('extending/retry-policy-and-hooks.md', 'TrialPolicy');
    policy = new TrialPolicy(new Accounts());
  });
  hold(retryPolicyContract(() => policy));
});

describe('the payload transformer', () => {
  let transformer: PayloadTransformer;
  beforeAll(async () => {
    type Shown = { MaskedPayloads: Type<PayloadTransformer> };
    const { MaskedPayloads } = await documented<Shown>('extending/payload-transformer.md', 'MaskedPayloads');
    // Made as Nest makes it: with what ours injects.
    transformer = Object.assign(new MaskedPayloads(), server.get(PayloadTransformer as Type<PayloadTransformer>));
  });
  hold(payloadTransformerContract(() => transformer));

  it('masks what it says', async () => {
    const webhook = { id: 'w', tenantId: 'default', url: 'https://shop.example', transformation: null };
    const event = {
      id: 'e',
      event: 'order.paid',
      timestamp: '2026-01-01T00:00:00Z',
      data: { payer: { iban: 'CH93' } },
    };
    expect(await transformer.transform(event, webhook)).toMatchObject({ data: { payer: { iban: '…' } } });
  });
});

describe('the request signer', () => {
  let signer: RequestSigner;
  beforeAll(async () => {
    const { AcmeSigner } = await documented<{ AcmeSigner: Type<RequestSigner> }>(
      'extending/signatures.md',
      'AcmeSigner',
    );
    signer = new AcmeSigner();
  });
  hold(requestSignerContract(() => signer));
});

describe('the transport', () => {
  type Send = (service: string, headers: readonly string[], body: Buffer, timeoutMs: number) => Promise<number>;
  type Mesh = { readonly send: Send };
  let make: (mesh: Mesh) => Transport;
  beforeAll(async () => {
    type Shown = { MeshTransport: new (http: Transport, mesh: Mesh) => Transport };
    const { MeshTransport } = await documented<Shown>('extending/transport.md', 'MeshTransport');
    make = (mesh) => new MeshTransport(server.get(HttpTransport), mesh);
  });
  hold(transportContract(() => ({ transport: make({ send: () => Promise.reject(new Error('not of the mesh')) }) })));

  it.each([
    [204, 'success'],
    [404, 'client_error'],
    [503, 'server_error'],
  ])('carries through the mesh what is of the mesh: %i is %s', async (httpStatus, outcome) => {
    const carried: unknown[] = [];
    const transport = make({
      send: (...request) => {
        carried.push(request);
        return Promise.resolve(httpStatus);
      },
    });
    const body = Buffer.from('{}');
    const request = { url: 'https://stock.mesh.example/hooks', headers: ['webhook-id', 'e'], body, timeoutMs: 9_000 };
    expect(await transport.post(request as never)).toMatchObject({ outcome, httpStatus, sent: true });
    expect(carried).toEqual([['stock.mesh.example', ['webhook-id', 'e'], body, 9_000]]);
  });
});

describe('the cipher', () => {
  interface Vault {
    encrypt(text: string, options: { context: string }): Promise<Buffer>;
    decrypt(sealed: Buffer, options: { context: string }): Promise<string>;
  }
  interface Shown {
    VaultCipher: new (vault: Vault, ring: SecretCipher) => SecretCipher;
    InvalidCiphertext: Type<Error>;
  }
  const MARK = 'vault:';
  let cipher: SecretCipher;
  beforeAll(async () => {
    const { VaultCipher, InvalidCiphertext } = await documented<Shown>('extending/cipher.md', 'VaultCipher extends');
    const service = new KeyServiceCipher();
    const vault: Vault = {
      encrypt: async (text, { context }) => Buffer.concat([Buffer.from(MARK), await service.encrypt(text, context)]),
      decrypt: (sealed, { context }) =>
        service.decrypt(sealed.subarray(MARK.length), context).catch((error: unknown) => {
          throw error instanceof SecretBoxError ? new InvalidCiphertext() : error;
        }),
    };
    cipher = new VaultCipher(vault, server.get(KeyRingCipher));
  });
  hold(secretCipherContract(() => cipher));

  it('reads what the ring of keys has sealed', async () => {
    const sealed = server.get(KeyRingCipher).encrypt('whsec_old', 'row');
    expect(await cipher.decrypt(sealed, 'row')).toBe('whsec_old');
  });
});

describe('the authenticator', () => {
  let subject: AuthenticatorSubject;
  const asked = (user?: object): AuthenticationRequest => ({ authorization: undefined, request: { user } });
  beforeAll(async () => {
    type Shown = { UserAuthenticator: new (keys: Authenticator) => Authenticator };
    const { UserAuthenticator } = await documented<Shown>('access.md', 'class UserAuthenticator');
    subject = {
      authenticator: new UserAuthenticator(server.get(KeyAuthenticator)),
      known: () => asked({ id: 'ann', company: 'default', isOwner: false }),
      strangers: [asked(), { ...asked(), authorization: 'Bearer phk_forged' }],
      foreignTenant: 'acme',
    };
  });
  // The names are known before there is a server.
  for (const { name } of authenticatorContract({} as AuthenticatorSubject))
    it(name, () =>
      authenticatorContract(subject)
        .find((each) => each.name === name)
        ?.run(),
    );
});

describe('the provider', () => {
  let acme: Provider;
  beforeAll(async () => {
    acme = new (await documented<{ Acme: Type<Provider> }>('receiving.md', 'class Acme implements')).Acme();
  });
  const cases = (provider: Provider): ContractCase[] =>
    providerContract({
      provider,
      headers: ['x-acme-key'],
      covers: 'nothing',
      newSecret: () => newSecretPair('bearer'),
      sign: ({ body, signWith, url }) => ({ method: 'POST', url, headers: { 'x-acme-key': signWith }, body }),
    });
  for (const { name } of cases({ name: 'acme', sendsJson: true } as Provider))
    it(name, () =>
      cases(acme)
        .find((each) => each.name === name)
        ?.run(),
    );
});

describe('the executor', () => {
  let client: pg.Client;
  let make: (client: pg.Client) => SqlExecutor;
  beforeAll(async () => {
    interface Transaction {
      raw(text: string, parameters: readonly unknown[]): Promise<{ rows: object[] }>;
    }
    type Shown = { ourExecutor: (transaction: Transaction) => SqlExecutor };
    const { ourExecutor } = await documented<Shown>('transactions.md', 'ourExecutor');
    make = (of) => ourExecutor({ raw: (text, values) => of.query<object>(text, [...values]) });
    client = new pg.Client((await cloneDatabase()).url);
    await client.connect();
  });
  afterAll(() => client.end());
  hold(
    sqlExecutorContract(async (work) => {
      await client.query('BEGIN');
      try {
        await work(make(client));
      } finally {
        await client.query('ROLLBACK');
      }
    }),
  );
});

describe('the alert sink', () => {
  const mails: string[] = [];
  let sink: AlertSink;
  beforeAll(async () => {
    type Shown = { MailAlerts: new (mailer: object) => AlertSink };
    const { MailAlerts } = await documented<Shown>('monitoring.md', 'class MailAlerts');
    sink = new MailAlerts({ send: (_: string, subject: string) => Promise.resolve(void mails.push(subject)) });
  });
  hold(alertSinkContract(() => sink));

  it('mails what is no mere information', async () => {
    mails.length = 0;
    for (const severity of ['info', 'warning', 'error'] as const)
      await sink.send({ severity, text: `a ${severity}` } as Alert);
    expect(mails).toEqual(['a warning', 'a error']);
  });
});

describe('the table of all of them', () => {
  const root = path.resolve(import.meta.dirname, '..', '..');
  const rows = readFileSync(path.join(root, 'docs', 'extending.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| (?:`|of)/.test(line));

  it('has a row for every contract that is published, and each is tried above', () => {
    const published = Object.keys(testing).filter((name) => name.endsWith('Contract'));
    const named = rows.flatMap((row) => [...row.matchAll(/`(\w+Contract)`/g)].map(([, name]) => name));
    expect(named.sort()).toEqual(published.sort());
    const own = readFileSync(import.meta.filename, 'utf8');
    expect(published.filter((name) => !own.includes(`${name}(`))).toEqual([]);
  });

  it('has a row for every option that takes a class, by the name of what it must be', () => {
    const options = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.module.ts'))
      .flatMap((name) => [
        ...readFileSync(path.join(root, 'src', name), 'utf8').matchAll(
          /readonly (\w+)\?: (?:readonly )?Extension<(\w+)>/g,
        ),
      ]);
    expect(options.length).toBeGreaterThanOrEqual(7);
    for (const [, option, type] of options)
      expect(rows).toContainEqual(expect.stringMatching(new RegExp(`^\\| \`${option}\` +\\| \`${type}\` `)));
  });

  it('names what is exported', () => {
    const face = readFileSync(path.join(root, 'src', 'index.ts'), 'utf8');
    const types = rows.map((row) => /^\|[^|]+\| `(\w+)`/.exec(row)?.[1] ?? row);
    // Nest's own.
    expect(types.filter((type) => type !== 'CanActivate' && !new RegExp(`\\b${type}\\b`).test(face))).toEqual([]);
  });
});
