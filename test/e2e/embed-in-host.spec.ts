// A team's own Nest application that imports Posthorn: as the documentation shows it, and nothing more.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Injectable, Module, Param, Post, ValidationPipe, VersioningType } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import Stripe from 'stripe';
import type { DataSource } from 'typeorm';
import { EventDispatcher, OnWebhook, PosthornModule } from '../../src/index.js';
import type { ReceivedEvent } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';

const ADMIN_KEY = 'admin-key-of-the-host-app';
const STRIPE_SECRET = 'whsec_of_the_host';

@Injectable()
class Payments {
  readonly paid: string[] = [];

  constructor(
    private readonly dispatcher: EventDispatcher,
    @InjectDataSource() private readonly db: DataSource,
  ) {}

  @OnWebhook('stripe', 'payment_intent.*')
  async onPayment(event: ReceivedEvent<{ data: { object: { id: string } } }>): Promise<void> {
    const { id } = event.data.data.object;
    this.paid.push(id);
    await this.db.transaction(async (manager) => {
      await manager.query('INSERT INTO shop_order (id) VALUES ($1)', [id]);
      await this.dispatcher.dispatch('order.paid', { id }, { manager });
    });
  }
}

@Controller('shop')
class ShopController {
  constructor(private readonly payments: Payments) {}

  @Get('paid')
  paid(): readonly string[] {
    return this.payments.paid;
  }

  @Post('webhooks/:id')
  own(@Param('id') id: string, @Body() body: unknown): unknown {
    return { id, body };
  }
}

let host: INestApplication;
let url: string;
let receiver: TestReceiver;

beforeAll(async () => {
  const { url: databaseUrl } = await cloneDatabase();

  @Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, extra: { max: 3 } }),
      PosthornModule.forRootAsync({
        useFactory: () => ({
          databaseUrl,
          databasePool: 5,
          encryptionKey: randomBytes(32).toString('base64'),
          adminApiKey: ADMIN_KEY,
          stripeWebhookSecret: STRIPE_SECRET,
          allowHttp: true,
          allowNetworks: ['127.0.0.0/8'],
        }),
      }),
    ],
    controllers: [ShopController],
    providers: [Payments],
  })
  class ShopModule {}

  host = await NestFactory.create(ShopModule, { logger: false, abortOnError: false });
  host.setGlobalPrefix('v9');
  host.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  host.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
  await host.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${((host.getHttpServer() as Server).address() as AddressInfo).port}`;
  await host
    .get(getDataSourceToken() as Type<DataSource>, { strict: false })
    .query('CREATE TABLE shop_order (id text PRIMARY KEY)');
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await receiver.close();
  await host.close();
});

const post = (path: string, body: string, headers: Record<string, string>): Promise<Response> =>
  fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

describe('an application that imports Posthorn', () => {
  it('manages webhooks, receives a payment, handles it in its own transaction and sends what follows', async () => {
    const created = await post('/v9/api/webhooks', JSON.stringify({ url: receiver.url, events: ['order.*'] }), {
      authorization: `Bearer ${ADMIN_KEY}`,
    });
    expect(created.status).toBe(201);

    // Spaces and a trailing newline: a body that was parsed and written again would not verify.
    const payload = `{ "id": "evt_1",  "type": "payment_intent.succeeded", "data": { "object": { "id": "pi_7" } } }\n`;
    const signature = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret: STRIPE_SECRET });
    const received = await post('/v9/webhooks/stripe', payload, { 'stripe-signature': signature });
    expect([received.status, await received.json()]).toEqual([200, { status: 'processed' }]);

    const sent = await receiver.next();
    expect(JSON.parse(sent.body.toString())).toMatchObject({ event: 'order.paid', data: { id: 'pi_7' } });
    expect(await (await fetch(`${url}/v9/v1/shop/paid`)).json()).toEqual(['pi_7']);

    const deliveries = await eventually(async () => {
      const answer = await fetch(`${url}/v9/api/deliveries`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
      const { data } = (await answer.json()) as { data: { status: string }[] };
      return data[0]?.status === 'success' && data;
    }, 'the delivery is logged as a success');
    expect(deliveries).toHaveLength(1);
  });

  it('refuses a body with one byte changed', async () => {
    const payload = '{"id":"evt_2","type":"payment_intent.succeeded","data":{"object":{"id":"pi_8"}}}';
    const signature = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret: STRIPE_SECRET });
    const refused = await post('/v9/webhooks/stripe', payload.replace('pi_8', 'pi_9'), {
      'stripe-signature': signature,
    });
    expect([refused.status, await refused.json()]).toEqual([401, { error: 'Invalid signature' }]);
  });

  it('keeps its own routes, parsers and error answers', async () => {
    const own = await post('/v9/v1/shop/webhooks/7', '{"a":[1]}', {});
    expect(await own.json()).toEqual({ id: '7', body: { a: [1] } });
    const missing = await fetch(`${url}/v9/v1/nothing`);
    expect(await missing.json()).toMatchObject({ statusCode: 404, message: expect.stringContaining('Cannot GET') });
  });
});
