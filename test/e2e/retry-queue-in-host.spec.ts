// An application that has BullMQ already: its queues stay its own, on its Redis, and ours stay ours, on PostgreSQL or on that same Redis.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BullModule, BullRegistrar, getQueueToken, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job } from 'bullmq';
import { getDefaultBackendFactory, Queue } from 'bullmq';
import { randomBytes } from 'node:crypto';
import { WebhooksService } from '../../src/registry/index.js';
import { EventDispatcher } from '../../src/outbound/index.js';
import type { PosthornModuleOptions } from '../../src/index.js';
import { PosthornModule } from '../../src/posthorn.module.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { redisMissing, TestRedis } from '../setup/redis.js';
import { TestReceiver } from '../setup/receiver.js';

const HOST_QUEUE = 'mails';

@Processor(HOST_QUEUE)
class MailProcessor extends WorkerHost {
  readonly done: unknown[] = [];

  override process(job: Job): Promise<void> {
    this.done.push(job.data);
    return Promise.resolve();
  }
}

@Injectable()
class Mails {
  constructor(@InjectQueue(HOST_QUEUE) readonly queue: Queue) {}
}

interface Host {
  readonly app: INestApplicationContext;
  readonly processor: MailProcessor;
  readonly queue: Queue;
}

const missing = redisMissing();
(missing ? describe.skip : describe)(`a host with BullMQ of its own${missing ? `: ${missing}` : ''}`, () => {
  let redis: TestRedis;
  let receiver: TestReceiver;
  const before = getDefaultBackendFactory();
  const hosts: Host[] = [];

  beforeAll(async () => {
    redis = await TestRedis.start();
    receiver = await TestReceiver.start();
  });
  afterAll(async () => {
    await receiver?.close();
    await redis?.kill();
  });

  // One at a time: on the same Redis they would take each other's jobs.
  afterEach(async () => {
    for (const { app } of hosts.splice(0)) await app.close();
    await redis.flush();
  });

  async function openHost(
    manualRegistration: boolean,
    posthornFirst: boolean,
    settings: PosthornModuleOptions = {},
  ): Promise<Host> {
    const posthorn = PosthornModule.forRoot({
      databaseUrl: (await cloneDatabase()).url,
      databasePool: 10,
      encryptionKey: randomBytes(32).toString('base64'),
      allowHttp: true,
      allowNetworks: ['127.0.0.0/8'],
      retrySchedule: Array.from({ length: 10 }, () => '50ms'),
      ...settings,
    });
    const bull = [
      BullModule.forRoot({ connection: { url: redis.url }, extraOptions: { manualRegistration } }),
      BullModule.registerQueue({ name: HOST_QUEUE }),
    ];
    @Module({ imports: posthornFirst ? [posthorn, ...bull] : [...bull, posthorn], providers: [MailProcessor, Mails] })
    class HostModule {}
    const app = await NestFactory.createApplicationContext(HostModule, {
      logger: process.env.TEST_LOG ? undefined : false,
      abortOnError: false,
    });
    const host = { app, processor: app.get(MailProcessor), queue: app.get(Mails).queue };
    hosts.push(host);
    return host;
  }

  async function expectDeliveredWithRetries({ app }: Host): Promise<void> {
    const index = receiver.received.length;
    receiver.answers(500, 500, 500);
    await app.get(WebhooksService, { strict: false }).create('default', { url: receiver.url, events: ['order.*'] });
    await app.get(EventDispatcher).dispatch('order.completed', { orderId: '1' });
    await eventually(() => receiver.received.length === index + 4, 'the fourth attempt arrives');
    expect(receiver.received[index + 3]?.headers['x-webhook-attempt']).toBe('4');
  }

  it.each([
    ['after', false],
    ['before', true],
  ])('keeps its jobs on its Redis, with Posthorn imported %s it; none of ours go there', async (_, posthornFirst) => {
    const host = await openHost(false, posthornFirst);
    await host.queue.add('mail', { to: 'someone' });
    await eventually(() => host.processor.done.length === 1, 'the host’s own job is processed');
    await expectDeliveredWithRetries(host);
    for (const key of await redis.keys()) expect(key).toMatch(/^bull:mails/);
    const ours = host.app.get<Queue>(getQueueToken('posthorn-retries'), { strict: false });
    expect(ours.opts.connection).not.toMatchObject({ url: redis.url });
  });

  it.each([
    ['with queues of names of its own', 'invoices'],
    ['whose queue has the name of one of ours', 'posthorn-retries'],
  ])('shares its Redis, %s: each finds its own jobs, and no others', async (_, name) => {
    const host = await openHost(false, false, { redisUrl: redis.url });
    const own = new Queue(name, { connection: { url: redis.url } });
    try {
      // It waits where nobody of ours looks.
      await own.add('mail', { to: 'waits' });
      await host.queue.add('mail', { to: 'someone' });
      await eventually(() => host.processor.done.length === 1, 'the host’s own job is processed');
      await expectDeliveredWithRetries(host);
      expect(host.processor.done).toEqual([{ to: 'someone' }]);
      expect(await own.getWaitingCount()).toBe(1);
    } finally {
      await own.close();
    }
    const prefixes = new Set((await redis.keys()).map((key) => key.split(':')[0]));
    expect([...prefixes].sort()).toEqual(['bull', '{posthorn}']);
  });

  it('that registers its processors by hand still does so, and when', async () => {
    const host = await openHost(true, false);
    await host.queue.add('mail', { to: 'later' });
    await expectDeliveredWithRetries(host);
    expect(host.processor.done).toHaveLength(0);
    host.app.get(BullRegistrar, { strict: false }).register();
    await eventually(() => host.processor.done.length === 1, 'the host’s job is processed once it registers');
  });

  it('finds BullMQ’s process-wide default as it was', () => {
    expect(getDefaultBackendFactory()).toBe(before);
  });
});
