// The catalogue of event types: schemas that events must meet, at whichever door they come in, and what may be sent at all.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { EventDispatcher, PosthornModule } from '../../src/index.js';
import { cpuNow } from '../../src/kernel/clock.js';
import { AuditLog } from '../../src/platform/audit/index.js';
import { IdempotencyLedger } from '../../src/platform/idempotency/index.js';
import { EventTypesImport } from '../../src/registry/event-types/event-types-import.js';
import { EventTypesRepository } from '../../src/registry/event-types/event-types.repository.js';
import { EventTypesService } from '../../src/registry/event-types/event-types.service.js';
import { ReadingTime } from '../../src/registry/event-types/reading-time.js';
import { Catalogue } from '../../src/registry/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import type { ApiRequest, TestServer } from '../setup/server.js';

const SCHEMA = {
  type: 'object',
  required: ['orderId'],
  properties: {
    orderId: { type: 'string' },
    items: { type: 'array', items: { type: 'object', properties: { count: { type: 'integer' } } } },
  },
};
const DETAILS = [`data must have required property 'orderId'`, 'data/items/1/count must be integer'];
const WRONG = { items: [{ count: 1 }, { count: 'two' }] };

const encryptionKey = randomBytes(32).toString('base64');

let server: TestServer;
/** On the same database, and takes only what is in the catalogue. */
let strict: TestServer;

beforeAll(async () => {
  const shared = { databaseUrl: (await cloneDatabase()).url, encryptionKey };
  [server, strict] = await Promise.all([
    startTestServer(shared),
    startTestServer({ ...shared, unknownEventTypes: 'refuse' }),
  ]);
  await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
});
afterAll(async () => {
  await strict?.close();
  await server?.close();
});

const newName = (): string => `catalogue.${randomUUID()}`;
const define = async (fields: object = {}, how?: ApiRequest): Promise<string> => {
  const name = newName();
  const { status, body } = await server.api('POST', '/api/event-types', { name, ...fields }, how);
  expect({ status, body }).toMatchObject({ status: 201 });
  return name;
};
const change = (name: string, fields: object) => server.api('PATCH', `/api/event-types/${name}`, fields);
const send = async (event: string, data: object, at = server, how?: ApiRequest) => {
  const { status, body } = await at.api('POST', '/api/events', { event, data }, how);
  return { status, code: body.code, details: body.details };
};

describe('an event type', () => {
  it('is made, shown, listed, changed and deleted', async () => {
    const name = newName();
    const fields = {
      description: 'An order.',
      schema: SCHEMA,
      example: { orderId: '1' },
      version: '1.0',
      deprecated: true,
    };
    const { body: made } = await server.api('POST', '/api/event-types', { name, ...fields });
    expect(made).toEqual({
      name,
      ...fields,
      archived: false,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect((await server.api('GET', `/api/event-types/${name}`)).body).toEqual(made);
    const { body: list } = await server.api<{ data: object[] }>('GET', '/api/event-types?limit=1');
    expect(list.data).toEqual([made]);
    expect((await change(name, { version: null, example: null })).body).toMatchObject({
      version: null,
      example: null,
      schema: SCHEMA,
    });
    expect((await server.api('POST', '/api/event-types', { name })).body).toMatchObject({ code: 'event_type_exists' });
    expect((await server.api('DELETE', `/api/event-types/${name}`)).status).toBe(204);
    for (const gone of [await server.api('GET', `/api/event-types/${name}`), await change(name, { version: '2' })])
      expect(gone).toMatchObject({ status: 404, body: { code: 'event_type_not_found' } });
  });

  it('has a schema that can be used and an example that meets it, whichever of them changes', async () => {
    const refused = async (fields: object) =>
      (await server.api('POST', '/api/event-types', { name: newName(), ...fields })).body;
    expect(await refused({ schema: { type: 'objekt' } })).toMatchObject({
      code: 'invalid_schema',
      details: expect.arrayContaining([expect.stringContaining('schema/type')]),
    });
    expect(await refused({ schema: SCHEMA, example: WRONG })).toMatchObject({
      code: 'invalid_example',
      details: DETAILS,
    });
    expect(await refused({ name: 'posthorn.mine' })).toMatchObject({ code: 'validation_failed' });
    expect(await refused({ name: 'a..b' })).toMatchObject({ code: 'validation_failed' });
    const name = await define({ schema: SCHEMA, example: { orderId: '1' } });
    expect((await change(name, { example: {} })).body).toMatchObject({ code: 'invalid_example' });
    expect((await change(name, { schema: { required: ['other'] } })).body).toMatchObject({ code: 'invalid_example' });
  });

  it('belongs to its tenant alone, by name and by what it refuses', async () => {
    const name = await define({ schema: SCHEMA }, { tenant: 'acme' });
    expect((await server.api('GET', `/api/event-types/${name}`)).status).toBe(404);
    expect(await send(name, {})).toMatchObject({ status: 202 });
    expect(await send(name, {}, server, { tenant: 'acme' })).toMatchObject({ status: 422 });
    expect((await server.api('POST', '/api/event-types', { name })).status).toBe(201);
  });
});

describe('a schema', () => {
  it('is met by every event of its type, whichever door it comes in at', async () => {
    const name = await define({ schema: SCHEMA });
    const refusal = { status: 422, code: 'schema_mismatch', details: DETAILS };
    expect(await send(name, WRONG)).toEqual(refusal);
    expect(await send(name, { orderId: '1' })).toMatchObject({ status: 202 });
    const events = [{ orderId: '1' }, WRONG, { orderId: '2' }].map((data) => ({ event: name, data }));
    const { body } = await server.api<{ results: object[] }>('POST', '/api/events/batch', { events });
    expect(body.results).toEqual([
      expect.objectContaining({ deliveries: 0 }),
      { error: expect.any(String), code: 'schema_mismatch', details: DETAILS },
      expect.objectContaining({ deliveries: 0 }),
    ]);
    const { body: sent } = await server.api<{ data: object[] }>('GET', `/api/events?event=${name}`);
    expect(sent.data).toHaveLength(3);
  });

  it('refuses in code without aborting the caller’s transaction', async () => {
    const name = await define({ schema: SCHEMA });
    const dispatcher = server.get(EventDispatcher);
    const database = await new DataSource({ type: 'postgres', url: server.databaseUrl }).initialize();
    try {
      await database.transaction(async (manager) => {
        const refused = { kind: 'unprocessable', code: 'schema_mismatch', details: DETAILS };
        await expect(dispatcher.dispatch(name, WRONG, { manager })).rejects.toMatchObject(refused);
        await dispatcher.dispatch(name, { orderId: '1' }, { manager });
      });
    } finally {
      await database.destroy();
    }
  });

  it('is that of now where it was changed, and soon at every replica', async () => {
    const name = await define({ schema: SCHEMA });
    expect(await send(name, {}, strict)).toMatchObject({ status: 422 });
    await change(name, { schema: { required: ['other'] } });
    expect(await send(name, { orderId: '1' })).toMatchObject({ details: [`data must have required property 'other'`] });
    const seen = async () => (await send(name, { other: 1 }, strict)).status === 202;
    await eventually(seen, 'the other server knows the new schema');
    await change(name, { schema: null });
    expect(await send(name, {})).toMatchObject({ status: 202 });
  });

  it('of an archived type is not asked', async () => {
    const name = await define({ schema: SCHEMA, archived: true });
    expect(await send(name, {})).toMatchObject({ status: 202 });
    await change(name, { archived: false });
    expect(await send(name, {})).toMatchObject({ status: 422 });
  });

  it('that takes for ever refuses its events, and holds up nobody else', async () => {
    const name = await define({ schema: { properties: { text: { pattern: '^(a+)+$' } } } });
    const endless = { text: `${'a'.repeat(60)}b` };
    for (let time = 0; time < 5; time += 1)
      expect(await send(name, endless)).toMatchObject({ status: 422, code: 'schema_too_costly' });
    expect(await send(newName(), endless)).toMatchObject({ status: 202 });
  });
});

describe('a schema that is slow and yet never stopped', () => {
  /** A text that the pattern takes some 30 ms to refuse: what the watchdog lets pass. */
  function slowText(): string {
    for (let length = 16; ; length += 1) {
      const text = `${'a'.repeat(length)}b`;
      const pattern = new RegExp('^(a+)+$', 'u');
      const tookMs = (): number => {
        const begun = cpuNow();
        pattern.test(text);
        return cpuNow() - begun;
      };
      // The first look by an expression is slower than those after it. By the processor's time, as it is judged: a busy machine
      // makes everything slow.
      tookMs();
      if (Math.min(tookMs(), tookMs(), tookMs()) > 30) return text;
    }
  }

  it('has a second in a minute, though quick events come in between; others get their turn meanwhile', async () => {
    const of = { tenant: 'acme' };
    const slow = await define({ schema: { properties: { text: { pattern: '^(a+)+$' } } } }, of);
    const quick = await define({ schema: SCHEMA }, of);
    const data = JSON.stringify({ text: slowText() });
    const events = Array.from({ length: 100 }, () => [
      { type: slow, data },
      { type: slow, data: '{"text":"aaa"}' },
      { type: quick, data: '{"orderId":"1"}' },
    ]).flat();
    const catalogue = server.get(Catalogue);
    // What it knows now, it need not ask the database for: nothing else gives way to others.
    expect(await catalogue.judge('acme', events.slice(1, 3))).toEqual(events.slice(1, 3));
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const judged = await catalogue.judge('acme', events);
    clearImmediate(next);
    expect(judged[0]).toMatchObject({ code: 'schema_mismatch' });
    expect(judged.at(-3)).toMatchObject({ code: 'schema_too_costly' });
    expect(judged.at(-1)).toBe(events.at(-1));
    expect(turns).toBeGreaterThan(5);
  });
});

describe('reading schemas', () => {
  /** One for which each schema takes six seconds to read; and how many it has read. */
  function slowReading(): { readonly reading: ReadingTime; readonly count: () => number } {
    let looks = 0;
    const cpu = (): number => (looks += 1) * 6_000;
    return { reading: new ReadingTime(cpu), count: () => looks / 2 };
  }

  it('has its time, within which a schema is read once for all who ask; what is kept goes on being asked', async () => {
    const types = [
      await define({ schema: SCHEMA }),
      await define({ schema: SCHEMA }),
      await define({ schema: SCHEMA }),
    ];
    const { reading, count } = slowReading();
    const catalogue = new Catalogue(server.get(EventTypesRepository), reading, { unknownEventTypes: 'allow' });
    const judge = (type: string | undefined) => catalogue.judge('default', [{ type: String(type), data: '{}' }]);
    const asked = await Promise.all(Array.from({ length: 10 }, () => judge(types[0])));
    expect(asked.flat().map((each) => (each as { code?: string }).code)).toEqual(Array(10).fill('schema_mismatch'));
    expect(count()).toBe(1);
    expect(await judge(types[1])).toMatchObject([{ code: 'schema_mismatch' }]);
    expect(await judge(types[2])).toMatchObject([{ code: 'schemas_too_costly', kind: 'rate_limited' }]);
    expect(await judge(types[0])).toMatchObject([{ code: 'schema_mismatch' }]);
  });

  it('is counted where they are written, too', async () => {
    const { reading } = slowReading();
    const service = new EventTypesService(
      server.get(EventTypesRepository),
      server.get(Catalogue),
      reading,
      server.get(IdempotencyLedger),
      server.get(AuditLog),
    );
    const name = newName();
    await service.create('default', { name, schema: SCHEMA });
    await service.update('default', name, { schema: { ...SCHEMA, title: 'changed' } });
    const third = { schema: { ...SCHEMA, title: 'once more' } };
    await expect(service.update('default', name, third)).rejects.toMatchObject({ code: 'schemas_too_costly' });
    const document = { openapi: '3.1.0', webhooks: { [newName()]: webhookWith(SCHEMA) } };
    const imports = new EventTypesImport(
      server.get(EventTypesRepository),
      service,
      server.get(Catalogue),
      server.get(IdempotencyLedger),
    );
    await expect(imports.import('default', { document })).rejects.toMatchObject({ code: 'schemas_too_costly' });
  });

  const webhookWith = (schema: object): object => ({
    post: { requestBody: { content: { 'application/json': { schema } } } },
  });
});

describe('a type that is not in the catalogue', () => {
  it('may be sent, unless the installation takes only those that are', async () => {
    const name = newName();
    expect(await send(name, {})).toMatchObject({ status: 202 });
    expect(await send(name, {}, strict)).toMatchObject({ status: 400, code: 'unknown_event_type' });
    expect(await send(await define({ archived: true }), {}, strict)).toMatchObject({ code: 'unknown_event_type' });
    expect(await send(await define(), {}, strict)).toMatchObject({ status: 202 });
  });

  it('may be sent and is warned of, once a minute for a tenant, where the installation says so', async () => {
    const warnings: string[] = [];
    const { databaseUrl } = server;
    const settings = { databaseUrl, databasePool: 4, role: 'api', unknownEventTypes: 'warn' } as const;
    const wary = await NestFactory.createApplicationContext(
      PosthornModule.forRoot({ ...settings, encryptionKey, adminApiKey: 'admin-key-of-the-wary' }),
      {
        logger: { log: () => undefined, error: () => undefined, warn: (text: string) => void warnings.push(text) },
        abortOnError: false,
      },
    );
    try {
      const dispatcher = wary.get(EventDispatcher);
      const known = await define();
      const unknown = newName();
      for (const type of [known, unknown, newName()]) await dispatcher.dispatch(type, {});
      await dispatcher.dispatch(unknown, {}, { tenant: 'acme' });
      expect(warnings.filter((text) => text.includes('catalogue'))).toEqual([
        `Tenant default sends ${unknown}, which is not in its catalogue.`,
        `Tenant acme sends ${unknown}, which is not in its catalogue.`,
      ]);
    } finally {
      await wary.close();
    }
  });
});

it('the scopes event-types:read and event-types:write open it', async () => {
  const keyWith = async (scopes: string[]) =>
    (await server.api('POST', '/api/api-keys', { name: 'k', scopes })).body.key as string;
  const [reader, writer] = [await keyWith(['event-types:read']), await keyWith(['event-types:write'])];
  const make = (key: string) => server.api('POST', '/api/event-types', { name: newName() }, { key });
  expect([(await make(reader)).status, (await make(writer)).status]).toEqual([403, 201]);
  expect((await server.api('GET', '/api/event-types', undefined, { key: reader })).status).toBe(200);
});
