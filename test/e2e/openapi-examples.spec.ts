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
  readonly paths: Record<string, Record<string, { requestBody?: { content: Record<string, Content> } }>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

interface Content {
  readonly schema: Schema;
  readonly examples?: Record<string, { value: unknown }>;
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
