// The catalogue as an OpenAPI document with `webhooks`, and such a document as types of a catalogue. Pure. In a document,
// references lead from its root; a schema of the catalogue stands alone, so they are turned from one into the other.
import type { CreateEventTypeDto, EventTypeDto } from './dto/event-type.dto.js';

/** JSON, as far as we look into it. */
type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

const COMPONENTS = '#/components/schemas/';

/** Deeper than this nobody nests, and a body that came in over HTTP is no deeper either. */
const MAX_DEPTH = 256;

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy in which every local reference is another one. */
function rewritten(value: Json, turn: (reference: string) => string, depth = 0): Json {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => rewritten(item, turn, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const isReference =
        (key === '$ref' || key === '$dynamicRef') && typeof member === 'string' && member.startsWith('#');
      return [key, isReference ? turn(member) : rewritten(member, turn, depth + 1)];
    }),
  );
}

/** The document of these types: what is sent for each, in the envelope of the format `native`. */
export function openApiOf(types: readonly EventTypeDto[]): object {
  const withSchema = types.filter(({ schema }) => schema !== null);
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title: 'Events', version: '1.0.0' },
    webhooks: Object.fromEntries(types.map((type) => [type.name, { post: operationOf(type) }])),
    components: { schemas: Object.fromEntries(withSchema.map((type) => [type.name, placed(type)])) },
  };
}

/** A schema with an `$id` is a root of its own, wherever it is placed. */
function placed({ name, schema }: EventTypeDto): Json {
  if (isObject(schema) && typeof schema.$id === 'string') return schema;
  return rewritten(schema, (reference) => `${COMPONENTS}${name}${reference.slice(1)}`);
}

function operationOf({ name, description, schema, example, version, deprecated }: EventTypeDto): object {
  const data = schema ? { $ref: `${COMPONENTS}${name}` } : { type: 'object' };
  const envelope = {
    type: 'object',
    required: ['id', 'event', 'timestamp', 'data'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      event: { const: name },
      timestamp: { type: 'string', format: 'date-time' },
      data,
    },
  };
  const sample = {
    id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d',
    event: name,
    timestamp: '2026-03-01T12:00:00.000Z',
    data: example,
  };
  return {
    operationId: name,
    ...(description !== null && { description }),
    ...(deprecated && { deprecated }),
    ...(version !== null && { 'x-version': version }),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: envelope, ...(example !== null && { example: sample }) } },
    },
    responses: { '2XX': { description: 'Received.' } },
  };
}

/** The types that a document describes, or what is wrong with it, each with its place. */
export function typesOf(document: unknown): { types: CreateEventTypeDto[]; problems: string[] } {
  const problems: string[] = [];
  if (!isObject(document) || typeof document.openapi !== 'string' || !/^3\.[12]\./.test(document.openapi))
    return { types: [], problems: ['document must be an OpenAPI document of version 3.1 or 3.2'] };
  if (!isObject(document.webhooks) || Object.keys(document.webhooks).length === 0)
    return { types: [], problems: ['document must have webhooks'] };
  const types = Object.entries(document.webhooks).flatMap(([name, item]) => {
    const operation = isObject(item) ? at(document, item).post : undefined;
    if (isObject(operation)) return [typeOf(document, name, operation)];
    problems.push(`webhooks/${name.slice(0, 100)} must have post`);
    return [];
  });
  return { types, problems };
}

function typeOf(document: JsonObject, name: string, operation: JsonObject): CreateEventTypeDto {
  const { description, summary, deprecated, 'x-version': version } = operation;
  const body = isObject(operation.requestBody) ? at(document, operation.requestBody) : {};
  const content = isObject(body.content) ? body.content : {};
  const json = Object.keys(content).find((type) => /^application\/(?:.*\+)?json/.test(type));
  const media = json === undefined ? undefined : content[json];
  const { schema, example } = isObject(media) ? payloadOf(document, media) : {};
  const text = [description, summary].find((each) => typeof each === 'string');
  return {
    name,
    description: typeof text === 'string' ? text : null,
    schema: isObject(schema) ? bundled(document, schema) : null,
    example: isObject(example) ? example : null,
    version: typeof version === 'string' ? version : null,
    deprecated: deprecated === true,
  };
}

/** What becomes `data`: all of the body, or the `data` of an envelope such as ours. */
function payloadOf(document: JsonObject, media: JsonObject): { schema?: Json; example?: Json } {
  const [first] = isObject(media.examples) ? Object.values(media.examples) : [];
  const example = media.example ?? (isObject(first) ? at(document, first).value : undefined);
  if (!isObject(media.schema)) return { example };
  const { properties } = at(document, media.schema);
  const isEnvelope = isObject(properties) && ['id', 'event', 'timestamp', 'data'].every((key) => key in properties);
  if (!isEnvelope) return { schema: media.schema, example };
  // One without a schema says no more than that there is an object.
  const isOpen = JSON.stringify(properties.data) === '{"type":"object"}';
  return { schema: isOpen ? undefined : properties.data, example: isObject(example) ? example.data : undefined };
}

/** What an object refers to, or itself. */
function at(document: JsonObject, object: JsonObject, steps = 0): JsonObject {
  if (typeof object.$ref !== 'string' || !object.$ref.startsWith('#/') || steps > 10) return object;
  let found: Json = document;
  for (const part of object.$ref.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return isObject(found) ? at(document, found, steps + 1) : {};
}

/** The schema with all that it refers to in it. What it refers to elsewhere stays, and is refused as any such schema. */
function bundled(document: JsonObject, schema: JsonObject): object {
  const alone = typeof schema.$ref === 'string' && Object.keys(schema).length === 1 ? schema.$ref : undefined;
  const own = alone?.startsWith(COMPONENTS) ? alone.slice(COMPONENTS.length) : undefined;
  const isComponent = own !== undefined && !own.includes('/');
  const root = isComponent ? at(document, schema) : schema;
  const definitions: Record<string, Json> = {};
  const turn = (reference: string): string => {
    if (!reference.startsWith(COMPONENTS)) return reference;
    const [name = '', ...rest] = reference.slice(COMPONENTS.length).split('/');
    if (isComponent && name === own) return ['#', ...rest].join('/');
    if (!Object.hasOwn(definitions, name)) {
      // Before it is looked into: it may refer to itself.
      definitions[name] = true;
      definitions[name] = rewritten(at(document, { $ref: `${COMPONENTS}${name}` }), turn);
    }
    return ['#/$defs', name, ...rest].join('/');
  };
  const turned = rewritten(root, turn) as JsonObject;
  if (Object.keys(definitions).length === 0) return turned;
  return { ...turned, $defs: { ...(isObject(turned.$defs) ? turned.$defs : {}), ...definitions } };
}
