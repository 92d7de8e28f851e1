// What a team tests its own application with, as the documentation shows it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import pg from 'pg';
import { EventDispatcher, OnWebhook, PosthornModule } from '../../src/index.js';
import type { ReceivedEvent } from '../../src/index.js';
import { TestPosthorn, TestReceiver } from '../../src/testing/index.js';
import { urlOf } from '../setup/database.js';

@Injectable()
class Warehouse {
  reserve(id: string): string {
    return `reserved ${id}`;
  }
}

@Injectable()
class Payments {
  failures = 0;

  constructor(
    private readonly dispatcher: EventDispatcher,
    private readonly warehouse: Warehouse,
  ) {}

  @OnWebhook('stripe', 'payment_intent.succeeded', { retrySchedule: ['10ms'] })
  async onPaid({ data }: ReceivedEvent<{ data: { object: { id: string } } }>): Promise<void> {
    if (this.failures-- > 0) throw new Error('the warehouse is closed');
    const { id } = data.data.object;
    await this.dispatcher.dispatch('order.paid', { id, note: this.warehouse.reserve(id), lines: [{ sku: 'a', n: 1 }] });
  }
}

/** As an application has it: settings of its own, of a PostgreSQL that no test can reach. */
@Module({
  imports: [
    PosthornModule.forRootAsync({
      useFactory: () => ({
        databaseUrl: 'postgres://shop@db.invalid/shop',
        encryptionKey: 'of production',
        stripeWebhookSecret: 'whsec_of_production',
        retention: '7d',
      }),
    }),
  ],
  providers: [Payments, Warehouse],
})
class ShopModule {}

const postgres = urlOf('postgres');
let posthorn: TestPosthorn;

beforeAll(async () => {
  posthorn = await TestPosthorn.create({
    imports: [ShopModule],
    postgres,
    override: (builder) => builder.overrideProvider(Warehouse).useValue({ reserve: (id: string) => `mocked ${id}` }),
    configure: (app) => app.setGlobalPrefix('/v1/'),
  });
});
afterAll(() => posthorn.close());

describe('TestPosthorn', () => {
  it('runs an application as it is, against a database of its own', async () => {
    const receiver = await posthorn.subscribe('order.*');
    const stripe = await posthorn.source('stripe');
    expect(stripe.url).toBe(`${posthorn.url}/webhooks/stripe`);
    expect(posthorn.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);

    const body = { id: 'evt_1', type: 'payment_intent.succeeded', data: { object: { id: 'pi_7' } } };
    expect(await stripe.send(body)).toEqual({ status: 200, body: { status: 'processed' } });
    expect(await stripe.send(body)).toEqual({ status: 200, body: { status: 'already_processed' } });

    expect(await receiver.nextEvent({ within: '20s' })).toMatchObject({ event: 'order.paid', data: { id: 'pi_7' } });
    const [delivered] = await posthorn.expectDelivered('order.paid', { id: 'pi_7', note: 'mocked pi_7' }, { times: 1 });
    expect(delivered).toMatchObject({ url: receiver.url, attemptCount: 1, data: { lines: [{ sku: 'a', n: 1 }] } });
  });

  it('sends samples of any type, and answers as the sender is answered', async () => {
    const github = await posthorn.source('code', { provider: 'github' });
    expect(await github.send('pull_request.opened')).toEqual({ status: 200, body: { status: 'processed' } });
    const stripe = await posthorn.source('stripe');
    expect(await stripe.send(Buffer.from('no JSON'))).toEqual({ status: 400, body: { error: 'Not JSON' } });
  });

  it('waits until handlers that failed have been tried again, and what follows is delivered', async () => {
    const receiver = await posthorn.subscribe('order.paid', { answer: 500 });
    posthorn.get(Payments).failures = 1;
    receiver.answers(500, 500);
    receiver.always(204);
    const stripe = await posthorn.source('stripe');
    const failed = { id: 'evt_2', type: 'payment_intent.succeeded', data: { object: { id: 'pi_8' } } };
    expect(await stripe.send(failed)).toMatchObject({ status: 500 });
    await posthorn.drain();
    expect(receiver.received).toHaveLength(3);
    const toReceiver = (await posthorn.expectDelivered('order.paid', { id: 'pi_8' })).find(
      ({ url }) => url === receiver.url,
    );
    expect(toReceiver).toMatchObject({ attemptCount: 3 });
  });

  it('says what there is when what was expected is not', async () => {
    const refusing = await posthorn.subscribe('bill.made', { answer: 400 });
    await posthorn.get(EventDispatcher).dispatch('bill.made', { no: 1 });
    await expect(posthorn.expectDelivered('bill.made', { no: 1 })).rejects.toThrow(
      `bill.made {"no":1} to ${refusing.url}: client_error (400)`,
    );
    await posthorn.expectDelivered('bill.made', {}, { times: 0 });
    await expect(posthorn.expectDelivered('order.paid', { lines: [] })).rejects.toThrow('and found 0');
    await expect(posthorn.expectDelivered('order.paid', { id: 'pi_7' }, { times: 2 })).rejects.toThrow('and found 1');
  });

  it('says what is left to do when the time is over', async () => {
    const hanging = await posthorn.subscribe('slow.one');
    let answer = (): void => undefined;
    hanging.always((_, response) => (answer = () => response.writeHead(200).end()));
    await posthorn.get(EventDispatcher).dispatch('slow.one', {});
    await hanging.next();
    await expect(posthorn.drain({ within: 50 })).rejects.toThrow('slow.one is sending');
    answer();
    await posthorn.drain();
  });

  it('keeps tenants apart', async () => {
    await posthorn.subscribe('*', { tenant: 'acme' });
    await posthorn.get(EventDispatcher).dispatch('acme.only', { n: 1 }, { tenant: 'acme' });
    await expect(posthorn.expectDelivered('acme.only')).rejects.toThrow('found 0');
  });
});

it('stands alone, takes settings, and leaves no database on a server that it was given', async () => {
  const alone = await TestPosthorn.create({ postgres, settings: { maxEventSize: 1_024 } });
  const tooLarge = await fetch(`${alone.url}/api/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alone.adminApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ event: 'large.one', data: { text: 'x'.repeat(1_024) } }),
  });
  expect(tooLarge.status).toBe(413);
  await alone.close();
  const client = new pg.Client(alone.databaseUrl);
  await expect(client.connect()).rejects.toThrow('does not exist');
});

it('works in a schema of its own, whoever says so', async () => {
  const ways = [
    { imports: [PosthornModule.forRoot({ databaseSchema: 'hooks' })] },
    { settings: { databaseSchema: 'hooks' } },
  ];
  for (const way of ways) {
    const own = await TestPosthorn.create({ postgres, ...way });
    await own.subscribe('order.*');
    await own.get(EventDispatcher).dispatch('order.made', { n: 1 });
    expect(await own.expectDelivered('order.made', { n: 1 })).toHaveLength(1);
    const client = new pg.Client(own.databaseUrl);
    await client.connect();
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM hooks.event) AS hooks, (SELECT count(*)::int FROM posthorn.event) AS posthorn`,
    );
    await client.end();
    await own.close();
    expect(rows).toEqual([{ hooks: 1, posthorn: 0 }]);
  }
});

it('tells an application with modules of its own where the database is', async () => {
  const told: string[] = [];
  const own = await TestPosthorn.create({
    postgres,
    imports: ({ url }) => {
      told.push(url);
      return [PosthornModule.forRoot({})];
    },
  });
  expect(told).toEqual([own.databaseUrl]);
  await own.close();
});

describe('TestReceiver', () => {
  const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;

  it('refuses what is not signed by its secret', async () => {
    const receiver = (await TestReceiver.start()).verifying(secret);
    await fetch(receiver.url, { method: 'POST', body: '{}', headers: { 'x-webhook-signature': 'sha256=00' } });
    await expect(receiver.next()).rejects.toThrow('X-Webhook-Signature is sha256=00');
    await receiver.close();
  });

  it('says what it waited for', async () => {
    const receiver = await TestReceiver.start();
    await expect(receiver.next({ within: '20ms' })).rejects.toThrow('request 1 arrives at the receiver');
    await receiver.close();
  });

  it('takes no secret that it cannot verify with', async () => {
    const receiver = await TestReceiver.start();
    expect(() => receiver.verifying('whpk_x')).toThrow('Only shared secrets');
    await receiver.close();
  });
});
