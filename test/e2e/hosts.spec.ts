// Applications that differ from the one in the documentation: several data sources, a schema of its own, no routes, and everything
// global that Nest has. Posthorn keeps to itself, and so do they.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Catch, Controller, Get, Injectable, ValidationPipe, VersioningType } from '@nestjs/common';
import type {
  ArgumentsHost,
  CallHandler,
  CanActivate,
  DynamicModule,
  ExceptionFilter,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import type { DataSource } from 'typeorm';
import { EventDispatcher, PosthornModule } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { ADMIN_KEY, createHostOf, hostSettings, listen } from './host.harness.js';

let receiver: TestReceiver;
const hosts: INestApplication[] = [];
beforeAll(async () => {
  receiver = await TestReceiver.start();
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});
afterAll(() => receiver.close());

async function start(imports: DynamicModule[], configure = (_: INestApplication): void => undefined, own: object = {}) {
  const host = await createHostOf({ imports, ...own });
  hosts.push(host);
  configure(host);
  return { host, url: await listen(host) };
}

const register = (url: string, events: string[]): Promise<Response> =>
  fetch(`${url}/api/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'x-api-version': '7' },
    body: JSON.stringify({ url: receiver.url, events }),
  });
const arrives = (event: string): Promise<unknown> =>
  eventually(
    () => receiver.received.some(({ headers }) => headers['x-webhook-event'] === event),
    `${event} arrives at the receiver`,
  );

describe('several data sources, and a schema of its own', () => {
  it('are left alone: each event commits with the data source that it was dispatched in', async () => {
    const [{ url: shop }, { url: reports }] = await Promise.all([cloneDatabase(), cloneDatabase()]);
    const { host, url } = await start([
      TypeOrmModule.forRoot({ type: 'postgres', url: shop, extra: { max: 2 } }),
      TypeOrmModule.forRoot({ name: 'archive', type: 'postgres', url: shop, extra: { max: 2 } }),
      TypeOrmModule.forRoot({ name: 'reports', type: 'postgres', url: reports, extra: { max: 2 } }),
      PosthornModule.forRoot({ ...hostSettings(shop), databaseSchema: 'hooks' }),
    ]);
    expect((await register(url, ['*'])).status).toBe(201);
    const sources = [undefined, 'archive', 'reports'].map((name) =>
      host.get<DataSource>(getDataSourceToken(name) as never, { strict: false }),
    );
    const dispatcher = host.get(EventDispatcher);
    const [main, archive, other] = sources as [DataSource, DataSource, DataSource];
    await main.transaction((manager) => dispatcher.dispatch('host.main', {}, { manager }));
    await archive.transaction((manager) => dispatcher.dispatch('host.archive', {}, { manager }));
    await arrives('host.main');
    await arrives('host.archive');
    // Another database has none of our tables: nothing is stored where nothing would send it.
    await expect(other.transaction((manager) => dispatcher.dispatch('host.reports', {}, { manager }))).rejects.toThrow(
      'hooks',
    );
    const [stored] = await main.query<{ hooks: number; posthorn: number }[]>(
      `SELECT (SELECT count(*)::int FROM hooks.event) AS hooks, (SELECT count(*)::int FROM posthorn.event) AS posthorn`,
    );
    expect(stored).toEqual({ hooks: 2, posthorn: 0 });
  });
});

describe('without routes', () => {
  it('what is dispatched is sent, and nothing of ours answers', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const given = hostSettings(databaseUrl);
    const managing = await start([PosthornModule.forRoot({ ...given })]);
    expect((await register(managing.url, ['host.silent'])).status).toBe(201);

    const { host, url } = await start([PosthornModule.forRoot({ ...given, controllers: false })]);
    for (const path of ['/api/webhooks', '/api/deliveries', '/api/received-events', '/webhooks/stripe'])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
    await host.get(EventDispatcher).dispatch('host.silent', {});
    await arrives('host.silent');
  });
});

describe('everything global', () => {
  /** Puts what comes into an envelope, as many applications do. */
  @Injectable()
  class Envelope implements NestInterceptor {
    intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle().pipe(map((data: unknown) => ({ data })));
    }
  }

  @Catch()
  class Everything implements ExceptionFilter {
    catch(_: unknown, host: ArgumentsHost): void {
      host.switchToHttp().getResponse<{ status(code: number): { json(body: unknown): void } }>().status(418).json({});
    }
  }

  /** Lets in who says a version, so that it is seen to be asked. */
  @Injectable()
  class Versioned implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return 'x-api-version' in context.switchToHttp().getRequest<{ headers: object }>().headers;
    }
  }

  @Controller('shop')
  class ShopController {
    @Get()
    shop(): object {
      return { open: true };
    }
  }

  it('holds for the application; ours are guarded and wrapped by it, and answer errors in their own words', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const { url } = await start(
      [PosthornModule.forRoot(hostSettings(databaseUrl))],
      (host) => {
        host.enableVersioning({ type: VersioningType.HEADER, header: 'X-Api-Version', defaultVersion: '7' });
        host.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
      },
      {
        controllers: [ShopController],
        providers: [
          { provide: APP_INTERCEPTOR, useClass: Envelope },
          { provide: APP_FILTER, useClass: Everything },
          { provide: APP_GUARD, useClass: Versioned },
        ],
      },
    );
    const headers = { 'x-api-version': '7', authorization: `Bearer ${ADMIN_KEY}` };
    expect(await (await fetch(`${url}/shop`, { headers })).json()).toEqual({ data: { open: true } });
    expect((await fetch(`${url}/shop`)).status).toBe(418);

    const created = await register(url, ['host.global']);
    expect([created.status, await created.json()]).toMatchObject([201, { data: { url: receiver.url } }]);
    const missing = await fetch(`${url}/api/webhooks/01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d`, { headers });
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'webhook_not_found' }]);
    const nobody = await fetch(`${url}/api/webhooks`, { headers: { 'x-api-version': '7' } });
    expect(nobody.status).toBe(401);
  });
});
