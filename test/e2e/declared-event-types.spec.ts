// Event types that an application declares as classes.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsInt, IsString } from 'class-validator';
import { randomBytes } from 'node:crypto';
import { EventDispatcher, PosthornModule, WebhookEvent } from '../../src/index.js';
import { TenantsService } from '../../src/registry/index.js';
import { TestPosthorn } from '../../src/testing/index.js';
import { urlOf } from '../setup/database.js';

@WebhookEvent('order.completed', {
  description: 'An order is paid.',
  example: { orderId: '1', total: 5 },
  version: '2',
})
class OrderCompleted {
  @IsString()
  orderId!: string;

  @IsInt()
  total!: number;
}

@WebhookEvent('order.archived', { deprecated: true, schema: { type: 'object', maxProperties: 1 } })
class OrderArchived {}

const create = (...eventTypes: Type[]): Promise<TestPosthorn> =>
  TestPosthorn.create({ imports: [PosthornModule.forRoot({ eventTypes })], postgres: urlOf('postgres') });

describe('classes with @WebhookEvent()', () => {
  let posthorn: TestPosthorn;
  beforeAll(async () => {
    posthorn = await create(OrderCompleted, OrderArchived);
  });
  afterAll(() => posthorn.close());

  const typeOf = async (name: string): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${posthorn.adminApiKey}` };
    return (await (await fetch(`${posthorn.url}/api/event-types/${name}`, { headers })).json()) as Record<
      string,
      unknown
    >;
  };

  it('stand in the catalogue, with the schema of their validators', async () => {
    expect(await typeOf('order.completed')).toMatchObject({
      description: 'An order is paid.',
      version: '2',
      example: { orderId: '1', total: 5 },
      schema: {
        type: 'object',
        properties: { orderId: { type: 'string' }, total: { type: 'integer' } },
        required: ['orderId', 'total'],
      },
    });
    expect(await typeOf('order.archived')).toMatchObject({ deprecated: true, schema: { maxProperties: 1 } });
  });

  it('are what dispatched data is judged by', async () => {
    const dispatcher = posthorn.get(EventDispatcher);
    await expect(dispatcher.dispatch('order.completed', { orderId: '1', total: 1.5 })).rejects.toMatchObject({
      code: 'schema_mismatch',
      details: ['data/total must be integer'],
    });
    const order = Object.assign(new OrderCompleted(), { orderId: '1', total: 1 });
    expect(await dispatcher.dispatch('order.completed', order)).toMatchObject({ event: 'order.completed' });
  });

  it('are of the default tenant alone: another one has a catalogue of its own, by which its events are judged', async () => {
    await posthorn.get(TenantsService).create({ id: 'acme', name: 'Acme' });
    const headers = { authorization: `Bearer ${posthorn.adminApiKey}`, 'x-tenant': 'acme' };
    const lists = `${posthorn.url}/api/event-types`;
    expect(await (await fetch(lists, { headers })).json()).toMatchObject({ data: [] });
    const odd = { orderId: '1', total: 1.5 };
    const dispatcher = posthorn.get(EventDispatcher);
    expect(await dispatcher.dispatch('order.completed', odd, { tenant: 'acme' })).toMatchObject({ deliveries: 0 });

    const own = { name: 'order.completed', schema: { type: 'object', required: ['parcel'] } };
    const json = { ...headers, 'content-type': 'application/json' };
    expect((await fetch(lists, { method: 'POST', headers: json, body: JSON.stringify(own) })).status).toBe(201);
    await expect(dispatcher.dispatch('order.completed', odd, { tenant: 'acme' })).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
  });

  it('are kept in step at the next start, and what they do not name stays as it is', async () => {
    @WebhookEvent('order.completed', { version: '3' })
    class Changed {
      @IsString()
      orderId!: string;
    }
    const encryptionKey = randomBytes(32).toString('base64');
    const next = PosthornModule.forRoot({ databaseUrl: posthorn.databaseUrl, encryptionKey, eventTypes: [Changed] });
    await (await NestFactory.createApplicationContext(next, { logger: false, abortOnError: false })).close();
    expect(await typeOf('order.completed')).toMatchObject({
      description: null,
      example: null,
      version: '3',
      schema: { properties: { orderId: { type: 'string' } }, required: ['orderId'] },
    });
    expect(await typeOf('order.archived')).toMatchObject({ deprecated: true });
  });
});

describe('at start, what is wrong is refused by name', () => {
  class Plain {}

  @WebhookEvent('order.completed')
  class Again {}

  @WebhookEvent('posthorn.own')
  class Reserved {}

  @WebhookEvent('order.odd', {
    example: { orderId: 1 },
    schema: { type: 'object', properties: { orderId: { type: 'string' } } },
  })
  class Odd {}

  it.each([
    ['a class without it', [Plain], 'Plain, which has no @WebhookEvent()'],
    ['one type twice', [OrderCompleted, Again], 'declares order.completed twice'],
    ['a reserved type', [Reserved], `@WebhookEvent('posthorn.own') on Reserved`],
    ['an example that does not meet the schema', [Odd], 'orderId must be string'],
  ])('%s', async (_, classes, problem) => {
    await expect(create(...classes)).rejects.toThrow(problem);
  });
});
