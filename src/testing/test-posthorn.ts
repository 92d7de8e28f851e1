// Posthorn, or an application with Posthorn in it, as a test meets it: on a PostgreSQL database of its own, with real HTTP in
// and out. What goes on in the background is waited for, not guessed at.
import type { DynamicModule, ForwardReference, INestApplication, LoggerService, Type } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { PosthornError } from '../kernel/errors.js';
import type { EventData } from '../outbound/index.js';
import { CONNECTION_TOKEN, OPTIONS_TOKEN, SETTINGS_TOKEN, settingsOf } from '../platform/config/index.js';
import type { PosthornOptions, SettingsInput } from '../platform/config/index.js';
import { Database } from '../platform/database/index.js';
import { PosthornModule } from '../posthorn.module.js';
import { DEFAULT_TENANT, TenantsService, WebhooksService } from '../registry/index.js';
import type { CreatedWebhookDto } from '../registry/index.js';
import { ExpectedDeliveries } from './expected-deliveries.js';
import type { DeliveredEvent } from './expected-deliveries.js';
import { keptCluster } from './postgres/kept-cluster.js';
import { createDatabase, dropDatabase } from './postgres/test-databases.js';
import { TestReceiver } from './test-receiver.js';
import { TestSource } from './test-source.js';
import type { TestSourceOptions } from './test-source.js';
import type { SignedProvider } from './signers.js';

/** What may stand in `imports` of a Nest module. */
type Importable = Type | DynamicModule | Promise<DynamicModule> | ForwardReference;

/** What is started, and how it differs from what runs elsewhere. */
export interface TestPosthornOptions {
  /**
   * Your own modules, among them one that imports Posthorn: its settings are those of your application, with those of a test
   * over them. A function is told the URL of the database, for modules that connect to it themselves.
   * @defaultValue `PosthornModule` alone
   */
  readonly imports?: readonly Importable[] | ((database: { readonly url: string }) => readonly Importable[]);
  /** Settings of Posthorn over those of your application and of a test. */
  readonly settings?: Omit<SettingsInput, 'databaseUrl'>;
  /** Replaces providers of yours, as `Test.createTestingModule()` lets you. */
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  /** What your `main.ts` does to the application before it listens: prefix, versioning, pipes. */
  readonly configure?: (app: INestApplication) => void;
  /**
   * The URL of a PostgreSQL whose user may create databases. Give one where no binaries of PostgreSQL can be run.
   * @defaultValue one of our own, embedded, for all tests of a run
   */
  readonly postgres?: string;
  /** Where it logs to. @defaultValue false: nowhere */
  readonly logger?: LoggerService | false;
}

/** How a webhook of a test is registered. */
export interface SubscribeOptions {
  /** Made if it is not there. @defaultValue 'default' */
  readonly tenant?: string;
  /** How every request is answered, unless the receiver is told otherwise. @defaultValue 200 */
  readonly answer?: number;
}

/** Over what an application says: nothing leaves this machine, no Redis is needed, and nobody waits for retries. */
const TEST_SETTINGS = {
  databasePool: 8,
  allowHttp: true,
  allowNetworks: ['127.0.0.0/8'],
  retrySchedule: ['10ms', '10ms', '10ms'],
  shutdownTimeout: '2s',
  redisUrl: undefined,
  egressProxy: undefined,
  role: 'all',
} satisfies SettingsInput;

/**
 * Posthorn for tests: a real one, with your application in it or alone.
 *
 * @example
 * const posthorn = await TestPosthorn.create({ imports: [ShopModule] });
 * const receiver = await posthorn.subscribe('order.*');
 *
 * await posthorn.get(Orders).complete('1042');
 *
 * await posthorn.expectDelivered('order.completed', { orderId: '1042' });
 * await posthorn.close();
 */
export class TestPosthorn {
  private readonly receivers: TestReceiver[] = [];
  private readonly deliveries: ExpectedDeliveries;

  private constructor(
    /** The application, listening. */
    readonly app: INestApplication,
    /** Where it listens, with its global prefix: `http://127.0.0.1:<port>`. */
    readonly url: string,
    /** The database it is on, which no other test has. */
    readonly databaseUrl: string,
    /** A key that the HTTP API takes. */
    readonly adminApiKey: string,
    private readonly dropsDatabase: boolean,
  ) {
    this.deliveries = new ExpectedDeliveries(this.get(Database));
  }

  /**
   * Starts it on a new database, and listens on a free port of 127.0.0.1. Takes some seconds the first time in a run of tests,
   * when PostgreSQL is started, and well under one afterwards.
   */
  static async create({
    imports = [PosthornModule.forRoot({})],
    settings = {},
    override = (builder) => builder,
    configure,
    postgres,
    logger = false,
  }: TestPosthornOptions = {}): Promise<TestPosthorn> {
    const url = await createDatabase(postgres ?? (await keptCluster()));
    const adminApiKey = `phk_${randomBytes(24).toString('base64url')}`;
    const encryptionKey = randomBytes(32).toString('base64');
    const ours: SettingsInput = { ...TEST_SETTINGS, encryptionKey, adminApiKey, ...settings, databaseUrl: url };
    const builder = Test.createTestingModule({
      imports: [...(typeof imports === 'function' ? imports({ url }) : imports)],
    })
      .overrideProvider(SETTINGS_TOKEN)
      .useFactory({
        inject: [OPTIONS_TOKEN, ModulesContainer],
        factory: (options: PosthornOptions, modules: ModulesContainer) => settingsOf({ ...options, ...ours }, modules),
      })
      .overrideProvider(CONNECTION_TOKEN)
      .useValue({ url });
    if (logger) builder.setLogger(logger);
    const testing = await override(builder).compile();
    const app = testing.createNestApplication({ logger, abortOnError: false });
    configure?.(app);
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    const prefix = app
      .get(ApplicationConfig)
      .getGlobalPrefix()
      .replaceAll(/^\/+|\/+$/g, '');
    const at = `http://127.0.0.1:${port}${prefix && `/${prefix}`}`;
    return new TestPosthorn(app, at, url, adminApiKey, postgres !== undefined);
  }

  /** A provider of the application, whichever module it stands in. */
  get<Provided>(token: Type<Provided> | (abstract new (...args: never[]) => Provided) | string | symbol): Provided {
    return this.app.get<Provided>(token, { strict: false });
  }

  /** A receiver, with a webhook that sends it these events. What it receives must bear the signatures of that webhook. */
  async subscribe(
    events: string | readonly string[],
    { tenant = DEFAULT_TENANT, answer = 200 }: SubscribeOptions = {},
  ): Promise<TestReceiver> {
    await this.ensureTenant(tenant);
    const receiver = await TestReceiver.start(answer);
    this.receivers.push(receiver);
    const patterns = typeof events === 'string' ? [events] : [...events];
    const webhook = await this.get(WebhooksService).create(tenant, { url: receiver.url, events: patterns });
    // A webhook that was just made has one.
    const { secret } = webhook as CreatedWebhookDto;
    return secret ? receiver.verifying(secret) : receiver;
  }

  /**
   * A source, and a sender that signs as its provider does. One that your application has already gets a secret more.
   *
   * @param name - Also the provider, unless the options say which.
   */
  async source(name: SignedProvider): Promise<TestSource>;
  async source(name: string, options: TestSourceOptions): Promise<TestSource>;
  async source(name: string, options: TestSourceOptions = { provider: name as SignedProvider }): Promise<TestSource> {
    await this.ensureTenant(options.tenant ?? DEFAULT_TENANT);
    return TestSource.open(this.app, this.url, name, options);
  }

  /**
   * Resolves once all that is due has been done: every delivery has its outcome, retries included, and every handler of what was
   * received has run. What is scheduled for more than 5 s ahead is not waited for, such as the second try of a handler that
   * failed, unless its `retrySchedule` is shorter.
   *
   * @param within - In milliseconds. @defaultValue 30,000
   * @throws Error when the time is over, saying what is left.
   */
  drain({ within = 30_000 }: { within?: number } = {}): Promise<void> {
    return this.deliveries.drain(within);
  }

  /**
   * Drains, and finds what was delivered: an event of this type whose data holds what is given, and may hold more.
   *
   * @param times - How many; 0 says that there shall be none. @defaultValue at least one
   * @throws Error that says what was sent instead, and what became of it.
   */
  async expectDelivered<Event extends string>(
    event: Event,
    data: Partial<EventData<Event>> = {},
    { times, tenant = DEFAULT_TENANT }: { times?: number; tenant?: string } = {},
  ): Promise<readonly DeliveredEvent[]> {
    await this.drain();
    return this.deliveries.expect(tenant, event, data, times);
  }

  /** Ends the application and its receivers. Nothing is left that keeps a test process alive. */
  async close(): Promise<void> {
    await this.app.close();
    await Promise.all(this.receivers.map((receiver) => receiver.close()));
    // What is on a PostgreSQL of the run goes with it.
    if (this.dropsDatabase) await dropDatabase(this.databaseUrl);
  }

  private async ensureTenant(id: string): Promise<void> {
    const tenants = this.get(TenantsService);
    if (await tenants.exists(id)) return;
    await tenants.create({ id, name: id }).catch((error: unknown) => {
      if (!(error instanceof PosthornError && error.code === 'tenant_exists')) throw error;
    });
  }
}
