// A host application that knows its users already: its own class says for which tenant a request acts, and what it may do.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { Authenticator, KeyAuthenticator, PosthornModule, UnauthenticatedError } from '../../src/index.js';
import type { AuthenticationRequest, Principal } from '../../src/index.js';
import { TenantsService } from '../../src/registry/index.js';
import { authenticatorContract } from '../../src/testing/index.js';
import { cloneDatabase } from '../setup/database.js';

const ADMIN_KEY = 'admin-key-of-the-host-app';
const HOOK = { url: 'https://93.184.215.14/hooks', events: ['*'] };

interface User {
  readonly id: string;
  readonly company: string;
  readonly role: 'owner' | 'viewer' | 'broken' | 'lost';
}

/** The host's users, by the cookie of their session. */
@Injectable()
class Sessions {
  readonly #users = new Map<string, User>([
    ['s-ann', { id: 'ann', company: 'acme', role: 'owner' }],
    ['s-bob', { id: 'bob', company: 'acme', role: 'viewer' }],
    ['s-cid', { id: 'cid', company: 'bolt', role: 'viewer' }],
    ['s-bad', { id: 'bad', company: 'acme', role: 'broken' }],
    ['s-off', { id: 'off', company: 'nowhere', role: 'lost' }],
  ]);

  userOf(cookie: string | undefined): User | undefined {
    return this.#users.get(cookie?.replace('session=', '') ?? '');
  }
}

@Module({ providers: [Sessions], exports: [Sessions] })
class SessionsModule {}

/** The host's global guard, which puts the user on every request, as Passport would. */
@Injectable()
class UserGuard implements CanActivate {
  constructor(private readonly sessions: Sessions) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: { cookie?: string }; user?: User }>();
    request.user = this.sessions.userOf(request.headers.cookie);
    return true;
  }
}

/** Users by their session, programs by their API key. */
@Injectable()
class UserAuthenticator extends Authenticator {
  constructor(
    private readonly sessions: Sessions,
    private readonly keys: KeyAuthenticator,
  ) {
    super();
  }

  async authenticate(asked: AuthenticationRequest): Promise<Principal> {
    if (asked.authorization !== undefined) return this.keys.authenticate(asked);
    const { user } = asked.request as { user?: User };
    if (!user || !this.sessions.userOf(`session=s-${user.id}`)) throw new UnauthenticatedError();
    if (user.role === 'broken') return { tenantId: user.company, scopes: ['root'] } as unknown as Principal;
    return {
      tenantId: user.company,
      scopes: user.role === 'owner' ? ['admin'] : ['webhooks:read'],
      subject: `user:${user.id}`,
    };
  }
}

let host: INestApplication;
let url: string;

beforeAll(async () => {
  const { url: databaseUrl } = await cloneDatabase();

  @Module({
    imports: [
      SessionsModule,
      PosthornModule.forRoot({
        databaseUrl,
        databasePool: 5,
        encryptionKey: randomBytes(32).toString('base64'),
        adminApiKey: ADMIN_KEY,
        imports: [SessionsModule],
        authenticator: UserAuthenticator,
      }),
    ],
    providers: [{ provide: APP_GUARD, useClass: UserGuard }],
  })
  class HostModule {}

  host = await NestFactory.create(HostModule, { logger: false, abortOnError: false });
  await host.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${((host.getHttpServer() as Server).address() as AddressInfo).port}`;
  for (const id of ['acme', 'bolt']) await host.get(TenantsService, { strict: false }).create({ id, name: id });
});
afterAll(() => host.close());

async function ask<Body>(
  session: string | undefined,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Body & { code?: string } }> {
  const response = await fetch(url + path, {
    method,
    headers: { ...(session && { cookie: `session=${session}` }), 'content-type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : {}) as Body & { code?: string } };
}

describe('an application’s own authenticator', () => {
  it('decides for which tenant a request acts', async () => {
    const { status, body } = await ask<{ id: string }>('s-ann', 'POST', '/api/webhooks', HOOK);
    expect(status).toBe(201);
    expect((await ask('s-bob', 'GET', `/api/webhooks/${body.id}`)).status).toBe(200);
    expect((await ask('s-cid', 'GET', `/api/webhooks/${body.id}`)).status).toBe(404);
    const foreign = await ask<{ data: unknown[] }>('s-cid', 'GET', '/api/webhooks', undefined, { 'x-tenant': 'acme' });
    expect(foreign.body.data).toEqual([]);
  });

  it('decides what a request may do', async () => {
    expect((await ask('s-bob', 'POST', '/api/webhooks', HOOK)).body.code).toBe('insufficient_scope');
    expect((await ask('s-ann', 'GET', '/api/tenants')).status).toBe(404);
    expect((await ask(undefined, 'GET', '/api/webhooks')).status).toBe(401);
  });

  it('may leave programs to our keys, which bear the name of the user that made them', async () => {
    const made = await ask<{ key: string; createdBy: string }>('s-ann', 'POST', '/api/api-keys', {
      name: 'k',
      scopes: ['webhooks:write'],
    });
    expect([made.status, made.body.createdBy]).toEqual([201, 'user:ann']);
    const authorization = `Bearer ${made.body.key}`;
    expect((await ask(undefined, 'POST', '/api/webhooks', HOOK, { authorization })).status).toBe(201);
    const admin = { authorization: `Bearer ${ADMIN_KEY}`, 'x-tenant': 'bolt' };
    expect((await ask(undefined, 'GET', '/api/tenants', undefined, admin)).status).toBe(200);
  });

  it('lets nobody in where it answers what it should not', async () => {
    expect((await ask('s-bad', 'GET', '/api/webhooks')).body.code).toBe('internal');
    expect((await ask('s-off', 'GET', '/api/webhooks')).body.code).toBe('tenant_not_found');
  });

  const names = authenticatorContract({} as Parameters<typeof authenticatorContract>[0]).map(({ name }) => name);
  it.each(names)('passes the contract: it %s', async (name) => {
    const of = (user?: object): AuthenticationRequest => ({ request: { user } });
    const cases = authenticatorContract({
      authenticator: new UserAuthenticator(host.get(Sessions), host.get(KeyAuthenticator, { strict: false })),
      known: () => of({ id: 'bob', company: 'acme', role: 'viewer' }),
      strangers: [of(), of({ id: 'eve', company: 'acme', role: 'owner' })],
      foreignTenant: 'bolt',
    });
    await cases.find((each) => each.name === name)?.run();
  });
});
