// The server as its users meet it, on a database of its own: real HTTP in, real HTTP out.
import type { INestApplicationContext, Provider, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { AppModule } from '../../src/app.module.js';
import { readSettings } from '../../src/platform/config/index.js';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { configureHttp, ServerAdapter } from '../../src/platform/http/index.js';
import { serveOpenApi } from '../../src/platform/http/openapi.js';
import { cloneDatabase } from './database.js';
import { closedWithItsFile } from './left-open.js';
import { unhurried } from './unhurried.js';

export const ADMIN_KEY = 'admin-key-of-the-tests';

/** An answer of the API. */
export interface ApiAnswer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** How a request differs from the usual one. */
export interface ApiRequest {
  readonly tenant?: string;
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

export interface TestServer {
  readonly url: string;
  readonly databaseUrl: string;
  readonly app: INestApplicationContext;
  /** Asks the API with the admin key; `body` is sent as JSON. */
  api<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    how?: ApiRequest,
  ): Promise<ApiAnswer<Body>>;
  /** Registers a webhook and returns it, secret included. */
  webhook(
    url: string,
    events?: readonly string[],
    more?: object,
    tenant?: string,
  ): Promise<{ id: string; secret: string }>;
  get<T>(type: Type<T>): T;
  close(): Promise<void>;
}

/** What an application has of its own beside the server. */
class HostModule {}

/**
 * Starts a server. Webhooks may reach this machine; everything else is as in production.
 *
 * @param handlers - Classes with `@OnWebhook()`, as an application brings them.
 */
export async function startTestServer(
  options: PosthornOptions = {},
  handlers: readonly Provider[] = [],
): Promise<TestServer> {
  const databaseUrl = options.databaseUrl ?? (await cloneDatabase()).url;
  const given: PosthornOptions = {
    databaseUrl,
    databasePool: 10,
    encryptionKey: randomBytes(32).toString('base64'),
    adminApiKey: ADMIN_KEY,
    allowHttp: true,
    allowNetworks: ['127.0.0.0/8'],
    // So that no deadline passes on a machine that is busy elsewhere; who tests deadlines sets one.
    deliveryTimeout: '120s',
    shutdownTimeout: '2s',
    ...options,
  };
  const host = { module: HostModule, imports: [AppModule.register(given)], providers: [...handlers] };
  const app = closedWithItsFile(
    await NestFactory.create<NestExpressApplication>(host, new ServerAdapter(), {
      bodyParser: false,
      logger: process.env.TEST_LOG ? undefined : false,
      abortOnError: false,
    }),
  );
  configureHttp(app, readSettings(given));
  serveOpenApi(app);
  await app.listen(0, '127.0.0.1');
  unhurried(app);
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;

  const api: TestServer['api'] = async <Body>(method: string, path: string, body?: unknown, how: ApiRequest = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${how.key ?? ADMIN_KEY}`,
        ...(how.tenant !== undefined && { 'x-tenant': how.tenant }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...how.headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as Body };
  };

  return {
    url,
    databaseUrl,
    app,
    api,
    get: (type) => app.get(type, { strict: false }),
    close: () => app.close(),
    webhook: async (target, events = ['*'], more = {}, tenant) => {
      const fields = { url: target, events, ...more };
      const { status, body } = await api<{ id: string; secret: string }>('POST', '/api/webhooks', fields, { tenant });
      if (status !== 201) throw new Error(`The webhook was refused: ${JSON.stringify(body)}`);
      return body;
    },
  };
}
