// The catalogue as an OpenAPI document, and documents as a catalogue: what goes in comes out the same, and all or nothing goes in.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

interface Document {
  readonly openapi: string;
  readonly webhooks: Record<string, { post: Record<string, unknown> }>;
  readonly components: { schemas: Record<string, object> };
}

const MONEY = {
  type: 'object',
  required: ['amount'],
  properties: { amount: { type: 'number' }, of: { $ref: '#/components/schemas/Money' } },
};
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  webhooks: {
    'order.paid': {
      post: {
        summary: 'Paid.',
        deprecated: true,
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['total'],
                properties: { total: { $ref: '#/components/schemas/Money' } },
              },
              examples: { one: { value: { total: { amount: 1 } } } },
            },
          },
        },
      },
    },
    refund: { $ref: '#/components/pathItems/Refund' },
    'order.seen': { post: { description: 'Seen.', 'x-version': '2' } },
  },
  components: {
    schemas: { Money: MONEY },
    pathItems: {
      Refund: {
        post: { requestBody: { $ref: '#/components/requestBodies/Refund' } },
      },
    },
    requestBodies: {
      Refund: { content: { 'application/json; charset=utf-8': { schema: { $ref: '#/components/schemas/Money' } } } },
    },
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const id of ['acme', 'copy']) await server.api('POST', '/api/tenants', { id, name: id });
});
afterAll(() => server?.close());

const load = (document: unknown, more: object = {}, tenant = 'default') =>
  server.api('POST', '/api/event-types/import', { document, ...more }, { tenant });
const exported = async (tenant = 'default') =>
  (await server.api<Document>('GET', '/api/event-types/openapi.json', undefined, { tenant })).body;
const send = async (event: string, data: object) => (await server.api('POST', '/api/events', { event, data })).body;

describe('an OpenAPI document', () => {
  it('is imported with the schemas that it refers to, after a dry run that changes nothing', async () => {
    const names = { created: Object.keys(DOCUMENT.webhooks), updated: [], unchanged: [] };
    expect((await load(DOCUMENT, { dryRun: true })).body).toEqual({ dryRun: true, ...names });
    expect((await server.api<{ data: object[] }>('GET', '/api/event-types')).body.data).toEqual([]);
    expect((await load(DOCUMENT)).body).toEqual({ dryRun: false, ...names });
    expect((await server.api('GET', '/api/event-types/order.paid')).body).toMatchObject({
      description: 'Paid.',
      deprecated: true,
      example: { total: { amount: 1 } },
    });
    expect((await server.api('GET', '/api/event-types/order.seen')).body).toMatchObject({ version: '2' });
    expect(await send('order.paid', { total: { amount: 1, of: { amount: 'x' } } })).toMatchObject({
      code: 'schema_mismatch',
      details: ['data/total/of/amount must be number'],
    });
    expect(await send('refund', { amount: 1, of: {} })).toMatchObject({
      details: [`data/of must have required property 'amount'`],
    });
    expect(await send('order.seen', { anything: true })).toMatchObject({ deliveries: 0 });
    expect((await load(DOCUMENT)).body).toMatchObject({ created: [], updated: [], unchanged: names.created });
    const changed = { ...DOCUMENT, webhooks: { 'order.seen': { post: { description: 'Looked at.' } } } };
    expect((await load(changed)).body).toMatchObject({ created: [], updated: ['order.seen'], unchanged: [] });
    expect((await server.api('GET', '/api/event-types/refund')).status).toBe(200);
  });

  it('holds from the answer on, whatever this replica knew of its types before', async () => {
    const known = { openapi: '3.1.0', webhooks: { 'order.kept': { post: {} } } };
    const schema = { type: 'object', required: ['total'] };
    const stricter = { post: { requestBody: { content: { 'application/json': { schema } } } } };
    await load(known);
    expect(await send('order.kept', {})).toMatchObject({ deliveries: 0 });
    await load({ ...known, webhooks: { 'order.kept': stricter } });
    expect(await send('order.kept', {})).toMatchObject({ code: 'schema_mismatch' });
    await server.api('DELETE', '/api/event-types/order.kept');
  });

  it('of more than two hundred types is refused', async () => {
    const webhooks = Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`many.t${n}`, { post: {} }]));
    expect(await load({ openapi: '3.1.0', webhooks }, { dryRun: true })).toMatchObject({
      status: 400,
      body: { code: 'invalid_import', details: ['document may have at most 200 webhooks'] },
    });
  });

  it.each<[string, unknown, string]>([
    ['of another version', { ...DOCUMENT, openapi: '3.0.3' }, 'version 3.1'],
    ['without webhooks', { openapi: '3.1.0' }, 'must have webhooks'],
    [
      'with a name that is no type',
      { openapi: '3.1.0', webhooks: { 'a b': { post: {} } } },
      'webhooks/a b is no event type',
    ],
    ['with a reserved name', { openapi: '3.1.0', webhooks: { 'posthorn.x': { post: {} } } }, 'webhooks/posthorn.x'],
    ['without an operation', { openapi: '3.1.0', webhooks: { a: { get: {} } } }, 'webhooks/a must have post'],
    [
      'with a schema that leads elsewhere',
      {
        openapi: '3.1.0',
        webhooks: {
          fine: { post: {} },
          a: {
            post: { requestBody: { content: { 'application/json': { schema: { $ref: 'https://example.com/x' } } } } },
          },
        },
      },
      'webhooks/a: schema cannot be used',
    ],
  ])('%s is refused, and nothing of it is taken', async (_, document, problem) => {
    expect(await load(document, {}, 'acme')).toMatchObject({
      status: 400,
      body: { code: 'invalid_import', details: [expect.stringContaining(problem)] },
    });
    expect((await exported('acme')).webhooks).toEqual({});
  });
});

describe('the catalogue', () => {
  it('is served as OpenAPI 3.1 that is valid, without archived types', async () => {
    await server.api('POST', '/api/event-types', { name: 'order.old', archived: true });
    const document = await exported();
    expect(await new Validator().validate({ ...structuredClone(document) })).toMatchObject({ valid: true });
    expect(Object.keys(document.webhooks).sort()).toEqual(['order.paid', 'order.seen', 'refund']);
    expect(document.webhooks['order.paid']?.post).toMatchObject({ deprecated: true, description: 'Paid.' });
  });

  it('comes out as it went in: imported by another tenant, it is the same', async () => {
    const document = await exported();
    expect((await load(document, {}, 'copy')).status).toBe(200);
    const typesOf = async (tenant: string) => {
      const { body } = await server.api<{ data: { name: string; archived: boolean }[] }>(
        'GET',
        '/api/event-types',
        undefined,
        { tenant },
      );
      return body.data
        .filter(({ archived }) => !archived)
        .map((type) => ({ ...type, createdAt: '', updatedAt: '' }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    };
    expect(await typesOf('copy')).toEqual(await typesOf('default'));
    expect((await load(document)).body).toMatchObject({ created: [], updated: [] });
    expect(await exported('copy')).toEqual(document);
  });
});
