// Requests as anyone might send them: mostly as the document asks, now and then wrong in one place, seldom nonsense.
import fc from 'fast-check';
import type { Document, Route, Schema } from './openapi.js';

/** Who sends it. `stranger` has a key that was never made, `nobody` none. */
export type Caller = 'red' | 'blue' | 'reader' | 'admin' | 'stranger' | 'nobody';
export const CALLERS: readonly Caller[] = ['red', 'blue', 'reader', 'admin', 'stranger', 'nobody'];

/** One request. `{known:n}` stands for an id or name that was answered before, whoever it was answered to. */
export interface FuzzRequest {
  readonly caller: Caller;
  /** Where the caller may choose: for which tenant. */
  readonly tenant: 'red' | 'blue';
  readonly route: number;
  readonly parameters: readonly string[];
  readonly query: readonly (readonly [string, string])[];
  readonly body: unknown;
  readonly idempotencyKey?: string;
}

// prettier-ignore
const HOSTILE = [
  '', ' ', '\0', '\ud800', '\u202e', 'é', '🎉', "' OR '1'='1", '%', '%00', '${7*7}', '<script>', '../../etc/passwd', '\r\nX-Evil: 1',
  'null', '__proto__', 'constructor', '*', 'a.*.b', '-1', '1e309', '99999999999999999999', 'http://[::1', 'http://169.254.169.254/', 'x'.repeat(3_000),
];

const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 30 }),
);
/** Nothing at all would be another route. */
const inPath = hostile.filter((text) => text !== '');
const known = fc.nat({ max: 999 }).map((n) => `{known:${n}}`);
const anything = fc.oneof(hostile, fc.anything({ maxDepth: 3, maxKeys: 4, withNullPrototype: false }).map(asJson));

/** Anything that JSON cannot write is left out or null, as JSON.stringify has it. */
function asJson(value: unknown): unknown {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) as
    string | undefined;
  return text === undefined ? null : (JSON.parse(text) as unknown);
}

const oneIn = <T>(n: number, seldom: fc.Arbitrary<T>, usual: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight: n - 1 }, { arbitrary: seldom, weight: 1 });

/** A schema may contain itself. */
const MAX_DEPTH = 6;

/** @param url - Where deliveries may go. */
export function requestsFor(document: Document, routes: readonly Route[], url: string): fc.Arbitrary<FuzzRequest> {
  const resolved = (schema: Schema): Schema =>
    schema.$ref ? resolved(document.components.schemas[schema.$ref.split('/').at(-1) as string] ?? {}) : schema;

  const text = ({ format, example }: Schema): fc.Arbitrary<unknown> => {
    if (format === 'uuid') return oneIn(5, fc.uuid(), known);
    if (format === 'uri') return oneIn(6, fc.webUrl(), fc.constant(url));
    if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
    return typeof example === 'string' ? fc.oneof(fc.constant(example), word) : word;
  };

  const valid = (schema: Schema, depth: number): fc.Arbitrary<unknown> => {
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const [one] = schema.allOf ?? [];
    if (one) return like(one, depth);
    if (schema.oneOf) return fc.oneof(...schema.oneOf.map((option) => like(option, depth + 1)));
    if (schema.type === 'string') return text(schema);
    if (schema.type === 'boolean') return fc.boolean();
    if (schema.type === 'integer' || schema.type === 'number')
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100_000 });
    if (schema.type === 'array') return fc.array(like(schema.items ?? {}, depth + 1), { maxLength: 3 });
    if (schema.properties) return object(schema, depth);
    return fc.dictionary(fc.string({ maxLength: 8 }), anything, { maxKeys: 3 });
  };

  const object = ({ properties = {}, required = [] }: Schema, depth: number): fc.Arbitrary<unknown> => {
    const fields = Object.entries(properties).map(([name, schema]) =>
      // The more fields are given, the surer one of them is refused, and the route never reached.
      (required.includes(name)
        ? oneIn(30, fc.constant(undefined), like(schema, depth + 1))
        : oneIn(4, like(schema, depth + 1), fc.constant(undefined))
      ).map((value) => [name, value] as const),
    );
    const extra = oneIn(
      30,
      fc.tuple(fc.constantFrom('id', 'tenantId', 'tenant_id', '__proto__', 'toString'), anything),
      fc.constant(undefined),
    );
    return fc
      .tuple(fc.tuple(...fields), extra)
      .map(([given, more]) =>
        Object.fromEntries([...given, ...(more ? [more] : [])].filter(([, value]) => value !== undefined)),
      );
  };

  /** Like the schema: now and then of another kind. */
  const like = (given: Schema, depth = 0): fc.Arbitrary<unknown> => {
    if (depth > MAX_DEPTH) return anything;
    const schema = resolved(given);
    const right =
      schema.example === undefined ? valid(schema, depth) : fc.oneof(fc.constant(schema.example), valid(schema, depth));
    return oneIn(25, anything, schema.nullable ? oneIn(4, fc.constant(null), right) : right);
  };

  const requestTo = (route: Route, index: number): fc.Arbitrary<FuzzRequest> => {
    const parameters = [...route.path.matchAll(/\{/g)].map(() => oneIn(6, inPath, known));
    const query = Object.entries(route.query).map(([name, schema]) =>
      oneIn(
        3,
        like(schema).map((value) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const),
        fc.constant(undefined),
      ),
    );
    const stray = oneIn(
      20,
      fc.tuple(fc.constantFrom('tenant', 'tenantId', 'limit', 'a[b]', '__proto__'), hostile),
      fc.constant(undefined),
    );
    return fc.record({
      caller: fc.oneof(
        { arbitrary: fc.constantFrom<Caller>('red', 'blue', 'admin'), weight: 8 },
        { arbitrary: fc.constantFrom(...CALLERS), weight: 1 },
      ),
      tenant: fc.constantFrom('red', 'blue'),
      route: fc.constant(index),
      parameters: fc.tuple(...parameters),
      query: fc.tuple(...query, stray).map((pairs) => pairs.filter((pair) => pair !== undefined)),
      body: route.body ? like(route.body) : fc.constant(undefined),
      idempotencyKey: oneIn(6, oneIn(4, hostile, fc.constantFrom('k1', 'k2')), fc.constant(undefined)),
    });
  };
  return fc.oneof(...routes.map(requestTo));
}
