// Applications of some of our modules, with a kind of sender and handlers of their own: shared by the specs about the modules.
import { afterEach, beforeEach, expect } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { OnWebhook } from '../../src/index.js';
import type { Description, PosthornModuleOptions, Provider, ReceivedEvent, Verdict } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { ADMIN_KEY, createHostOf } from './host.harness.js';

/** A kind of sender that nobody else has: every request is genuine that names the source's secret. */
class Acme implements Provider {
  readonly name = 'acme';
  readonly sendsJson = true;

  verify(...[{ headers }, secrets]: Parameters<Provider['verify']>): Verdict {
    const known = secrets.some((secret) => secret.reveal() === headers['x-acme-key']);
    return known ? { ok: true } : { ok: false, reason: 'no_secret_matched' };
  }

  describe(_: unknown, data: unknown): Description {
    return { externalId: (data as { id: string }).id, type: 'order.made' };
  }
}

@Injectable()
export class Orders {
  readonly made: unknown[] = [];

  @OnWebhook('acme', 'order.made')
  onMade(event: ReceivedEvent): void {
    this.made.push(event.data);
  }
}

export type Api = <Body = Record<string, unknown>>(
  method: string,
  path: string,
  body?: object,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: Body }>;

/** For each test a database of its own, and applications and receivers that are closed after it. */
export class ModulesScene {
  /** What the modules of a test are configured with. */
  options: PosthornModuleOptions = {};
  private readonly open: { close(): Promise<void> }[] = [];

  static forTests(): ModulesScene {
    const scene = new ModulesScene();
    beforeEach(async () => {
      scene.options = {
        databaseUrl: (await cloneDatabase()).url,
        databasePool: 5,
        encryptionKey: randomBytes(32).toString('base64'),
        adminApiKey: ADMIN_KEY,
        retrySchedule: ['10ms'],
        allowHttp: true,
        allowNetworks: ['127.0.0.0/8'],
        shutdownTimeout: '1s',
        providers: [Acme],
      };
    });
    afterEach(async () => {
      for (const app of scene.open.splice(0).reverse()) await app.close();
    });
    return scene;
  }

  /** Starts a team's own application with these modules and nothing else of ours. */
  async start(
    imports: ModuleMetadata['imports'],
    providers: Type[] = [],
  ): Promise<{ app: INestApplication; api: Api }> {
    const app = await createHostOf({ imports, providers });
    this.open.push(app);
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
    const api: Api = async <Body>(
      method: string,
      path: string,
      body?: object,
      headers: Record<string, string> = {},
    ) => {
      const answer = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
        body: body && JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as Body };
    };
    return { app, api };
  }

  async receiver(): Promise<TestReceiver> {
    const receiver = await TestReceiver.start();
    this.open.push(receiver);
    return receiver;
  }
}

export const LISTS = {
  registry: ['/api/webhooks', '/api/event-types', '/api/sources'],
  access: ['/api/tenants', '/api/api-keys', '/api/audit-log'],
  delivery: ['/api/deliveries'],
  outbound: ['/api/events'],
  inbound: ['/api/received-events'],
};

/** Every list of the API that this application answers. */
export async function listsOf(api: Api): Promise<string[]> {
  const answers = await Promise.all(
    Object.values(LISTS)
      .flat()
      .map(async (path) => ({ path, ...(await api('GET', path)) })),
  );
  // One that is not there is answered by the host, in its own way.
  for (const { status, body } of answers) if (status !== 200) expect(body.message).toMatch(/^Cannot GET/);
  return answers.filter(({ status }) => status === 200).map(({ path }) => path);
}

export const ACME_SOURCE = { name: 'acme', provider: 'acme', secrets: ['the-key-of-acme'] };
export const webhookOfAcme = (api: Api, id: string) =>
  api('POST', '/webhooks/acme', { id, total: 7 }, { 'x-acme-key': 'the-key-of-acme' });
