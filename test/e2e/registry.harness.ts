// A server with the registry's routes on a database of its own, and the ways in which the tests call it.
import { afterAll, beforeAll } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import request from 'supertest';
import type { Test as Call } from 'supertest';
import { SETTINGS_TOKEN } from '../../src/platform/config/index.js';
import type { Settings } from '../../src/platform/config/index.js';
import { configureHttp, ServerAdapter } from '../../src/platform/http/index.js';
import { PosthornModule } from '../../src/posthorn.module.js';
import { cloneDatabase } from '../setup/database.js';
import { closedWithItsFile } from '../setup/left-open.js';
import { unhurried } from '../setup/unhurried.js';

export const ADMIN_KEY = `admin-${randomUUID()}`;
export const ENCRYPTION_KEY = randomBytes(32).toString('base64');
/** A literal address, so that no test waits for a resolver. */
export const URL_A = 'https://93.184.215.14/hooks';
export const UNKNOWN_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

export interface WebhookAnswer {
  id: string;
  url: string;
  events: string[];
  active: boolean;
  disabledReason: string | null;
  description: string | null;
  timeoutMs: number | null;
  retrySchedule: string[] | null;
  secret: string;
  secrets: { id: string; hint: string; createdAt: string; expiresAt: string | null }[];
  updatedAt: string;
}

export interface Refusal {
  status: number;
  error: string;
  code: string;
  requestId: string;
  details?: string[];
}

/** Starts a server on a database; several may share one. */
export async function startServer(
  databaseUrl: string,
  settings: object = {},
  { bodyParser = false, configure }: { bodyParser?: boolean; configure?: (app: NestExpressApplication) => void } = {},
): Promise<NestExpressApplication> {
  const options = { databaseUrl, databasePool: 5, encryptionKey: ENCRYPTION_KEY, adminApiKey: ADMIN_KEY, ...settings };
  const module = await Test.createTestingModule({
    imports: [PosthornModule.forRootAsync({ useFactory: () => options })],
  }).compile();
  const app = closedWithItsFile(
    module.createNestApplication<NestExpressApplication>(new ServerAdapter(), {
      bodyParser,
      logger: ['error', 'warn'],
    }),
  );
  configureHttp(app, app.get<Settings>(SETTINGS_TOKEN));
  configure?.(app);
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  unhurried(app);
  return app;
}

export const originOf = (app: NestExpressApplication): string =>
  `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;

/** A server with the tenants `default` and `acme`. */
export class RegistryScene {
  app!: NestExpressApplication;
  sql!: pg.Client;
  databaseUrl!: string;
  origin!: string;

  /** Opens it for the tests of a file. */
  static forTests(): RegistryScene {
    const scene = new RegistryScene();
    beforeAll(() => scene.open());
    afterAll(() => scene.close());
    return scene;
  }

  /** The administrator, acting for a tenant. */
  readonly as = (tenant: string) => caller(this.origin, tenant);

  readonly register = async (tenant: string, fields: object = {}): Promise<WebhookAnswer> => {
    const body = { url: URL_A, events: ['order.completed'], ...fields };
    return (await this.as(tenant).post('/api/webhooks').send(body).expect(201)).body as WebhookAnswer;
  };

  readonly read = async (tenant: string, id: string): Promise<WebhookAnswer> =>
    (await this.as(tenant).get(`/api/webhooks/${id}`).expect(200)).body as WebhookAnswer;

  private async open(): Promise<void> {
    ({ url: this.databaseUrl } = await cloneDatabase());
    this.app = await startServer(this.databaseUrl);
    this.origin = originOf(this.app);
    this.sql = new pg.Client(this.databaseUrl);
    this.sql.on('error', () => undefined);
    await this.sql.connect();
    await this.as('default').post('/api/tenants').send({ id: 'acme', name: 'Acme' }).expect(201);
  }

  private async close(): Promise<void> {
    await this.sql?.end();
    await this.app?.close();
  }

  /** Bytes as they are, for what no HTTP client would send; the server must close the connection. */
  async raw(text: string): Promise<string> {
    const socket = connect(Number(new URL(this.origin).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', () => undefined);
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
}

/** The administrator at any server, acting for a tenant. */
export function caller(origin: string, tenant = 'default') {
  const authorized = (call: Call): Call => call.set('Authorization', `Bearer ${ADMIN_KEY}`).set('X-Tenant', tenant);
  return {
    get: (path: string) => authorized(request(origin).get(path)),
    post: (path: string) => authorized(request(origin).post(path)),
    put: (path: string) => authorized(request(origin).put(path)),
    patch: (path: string) => authorized(request(origin).patch(path)),
    delete: (path: string) => authorized(request(origin).delete(path)),
    options: (path: string) => authorized(request(origin).options(path)),
    head: (path: string) => authorized(request(origin).head(path)),
  };
}

/** What was refused, as a program sees it. */
export async function refusal(call: Call): Promise<Refusal> {
  const answer = await call;
  return { status: answer.status, ...(answer.body as Omit<Refusal, 'status'>) };
}

/** Every route that names a webhook. */
export const routesOf = (id: string, secretId = UNKNOWN_ID) =>
  [
    ['get', `/api/webhooks/${id}`],
    ['patch', `/api/webhooks/${id}`],
    ['delete', `/api/webhooks/${id}`],
    ['post', `/api/webhooks/${id}/enable`],
    ['post', `/api/webhooks/${id}/disable`],
    ['post', `/api/webhooks/${id}/secrets`],
    ['delete', `/api/webhooks/${id}/secrets/${secretId}`],
  ] as const;
