// What Swagger UI fills in when somebody presses "Try it out" must be accepted as it stands.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
}

interface OpenApi {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

interface Operation {
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, Content> }>;
}

interface Content {
  readonly schema: Schema;
  readonly examples?: Record<string, { value: unknown }>;
  readonly example?: unknown;
}

let server: TestServer;
let document: OpenApi;
beforeAll(async () => {
  server = await startTestServer();
  document = (await server.api<OpenApi>('GET', '/docs-json')).body;
});
afterAll(() => server.close());

/** The example as Swagger UI makes it: the first one given, or one put together from the schema. */
function exampleOf({ schema, examples }: Content): unknown {
  const [first] = Object.values(examples ?? {});
  return first ? first.value : fromSchema(schema);
}

function fromSchema(schema: Schema): unknown {
  if (schema.$ref) return fromSchema(document.components.schemas[schema.$ref.split('/').at(-1) as string] as Schema);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.type === 'array') return [fromSchema(schema.items ?? {})];
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, fromSchema(property)]),
    );
  }
  return { string: 'string', integer: 0, number: 0, boolean: true, object: {} }[schema.type ?? 'object'];
}

it('accepts the example of every request body', async () => {
  const tried: string[] = [];
  const refused: string[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const content = operation.requestBody?.content['application/json'];
      // The example of a received event's replay would need a received event.
      if (!content || path.startsWith('/api/received-events/')) continue;
      const example = exampleOf(content);
      const { id: webhookId } = await server.webhook('https://shop.example/hooks', ['order.*']);
      const id = path.startsWith('/api/tenants/') ? 'default' : webhookId;
      const name = `s-${webhookId}`;
      if (path.startsWith('/api/sources/'))
        await server.api('POST', '/api/sources', { name, provider: 'stripe', secrets: ['a secret'] });
      if (path.startsWith('/api/event-types/')) await server.api('POST', '/api/event-types', { name });
      tried.push(`${method} ${path}`);
      const { status, body } = await server.api(
        method.toUpperCase(),
        path.replace('{id}', id).replace('{name}', name),
        example,
      );
      if (status >= 300 || JSON.stringify(body).includes('"error":"'))
        refused.push(`${method} ${path} ${JSON.stringify(example)}: ${status} ${JSON.stringify(body)}`);
    }
  }
  expect(tried.length).toBeGreaterThan(6);
  expect(refused).toEqual([]);
});

/** What "Try it out" sends to a route. */
function triedAt(method: string, path: string): unknown {
  const content = document.paths[path]?.[method]?.requestBody?.content['application/json'];
  if (!content) throw new Error(`${method} ${path} takes no body.`);
  return exampleOf(content);
}

it('changes one thing where it changes something, makes nothing that is closed to its sender, and sets no known secret', () => {
  const patches = Object.entries(document.paths).flatMap(([path, { patch }]) => (patch ? [path] : []));
  expect(patches.length).toBeGreaterThan(3);
  for (const path of patches)
    expect([path, Object.keys(triedAt('patch', path) as object)]).toEqual([path, [expect.any(String)]]);
  expect(Object.keys(triedAt('post', '/api/sources') as object)).toEqual(['name', 'provider', 'secrets']);
  expect(triedAt('post', '/api/webhooks/{id}/secrets')).toEqual({});
});

it('sends an event that meets the schema of the event type that it adds', async () => {
  await server.api('POST', '/api/tenants', { id: 'newcomer', name: 'Newcomer' });
  const as = { tenant: 'newcomer' };
  expect(await server.api('POST', '/api/event-types', triedAt('post', '/api/event-types'), as)).toMatchObject({
    status: 201,
  });
  expect(await server.api('POST', '/api/events', triedAt('post', '/api/events'), as)).toMatchObject({ status: 202 });
});

it('shows refusals as their routes answer them', async () => {
  const shown = (method: string, path: string, status: number) =>
    document.paths[path]?.[method]?.responses[status]?.content?.['application/json']?.example as { error: string };
  const asked = async (method: string, path: string, how: object = {}, body?: object) => {
    const answer = await server.api<{ error: string; code: string }>(method, path, body, how);
    return { error: answer.body.error, code: answer.body.code };
  };
  const { id } = await server.webhook('https://shop.example/hooks', ['order.*']);
  const nothing = id.replace(/.{12}$/, '000000000000');
  const unknown = { key: 'phk_of-nobody' };
  expect(shown('get', '/api/webhooks', 401)).toMatchObject(await asked('GET', '/api/webhooks', unknown));
  expect(shown('get', '/api/webhooks/{id}', 404)).toMatchObject(await asked('GET', `/api/webhooks/${nothing}`));
  expect(shown('get', '/api/events/{id}', 404)).toMatchObject(await asked('GET', `/api/events/${nothing}`));
  expect(shown('get', '/api/webhooks', 400)).toMatchObject(await asked('GET', '/api/webhooks?limit=251'));
  const made = { name: 'of a test', scopes: ['events:write'] };
  const { body } = await server.api<{ key: string }>('POST', '/api/api-keys', made);
  expect(shown('get', '/api/webhooks', 403)).toMatchObject(await asked('GET', '/api/webhooks', { key: body.key }));
});

it('puts every route into a group, and says what each group, parameter and answer is', () => {
  const silent: string[] = [];
  const grouped = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { tags, parameters = [], responses }] of Object.entries(methods)) {
      tags.forEach((tag) => grouped.add(tag));
      const said = [
        ...parameters.map(({ description }) => description),
        ...Object.values(responses).map(({ description }) => description),
      ];
      if (path.startsWith('/api/') && !said.every(Boolean)) silent.push(`${method} ${path}`);
    }
  }
  expect(silent).toEqual([]);
  expect(document.tags.filter(({ description }) => !description)).toEqual([]);
  expect(document.tags.map(({ name }) => name).sort()).toEqual([...grouped].sort());
});
