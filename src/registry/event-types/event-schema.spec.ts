import { describe, expect, it } from '@jest/globals';
import { EventSchema } from './event-schema.js';
import { TooCostlyError } from './watchdog.js';

const read = (schema: object): EventSchema => {
  const schemaOrProblems = EventSchema.read(schema);
  if (!(schemaOrProblems instanceof EventSchema)) throw new Error(schemaOrProblems.join('; '));
  return schemaOrProblems;
};

describe('a schema', () => {
  it('is of 2020-12, with references within itself, and names each place that is wrong', () => {
    const schema = read({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['id'],
      properties: {
        id: { type: 'string' },
        items: { type: 'array', prefixItems: [{ type: 'number' }], items: { $ref: '#/$defs/item' } },
        child: { $ref: '#' },
        at: { type: 'string', format: 'date-time' },
      },
      dependentRequired: { at: ['items'] },
      unevaluatedProperties: false,
      $defs: { item: { type: 'object', properties: { sku: { type: 'string' } } } },
    });
    expect(schema.problems({ id: 'a', child: { id: 'b' }, items: [1, { sku: 'x' }] })).toEqual([]);
    expect(schema.problems({ id: 1, child: {}, items: ['1', { sku: 2 }], at: 'now', more: 1 })).toEqual([
      'data/id must be string',
      'data/items/0 must be number',
      'data/items/1/sku must be string',
      `data/child must have required property 'id'`,
      'data/at must match format "date-time"',
      'data must NOT have unevaluated properties: "more"',
    ]);
  });

  it('judges what is sent: a name such as __proto__ is one like others', () => {
    const schema = read({ type: 'object', additionalProperties: false, properties: { a: {} } });
    expect(schema.problems(JSON.parse('{"__proto__": {"a": 1}}'))).toEqual([
      'data must NOT have additional properties: "__proto__"',
    ]);
  });

  it.each<[object, string]>([
    [{ type: 'objekt' }, 'schema/type must be'],
    [{ properties: [] }, 'schema/properties must be object'],
    [{ $ref: 'https://example.com/other.json' }, 'https://example.com/other.json'],
    [{ $ref: '#/$defs/none' }, '#/$defs/none'],
    [{ pattern: '(' }, 'schema'],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }, 'schema/$schema must be'],
    [{ description: 'x'.repeat(65_536) }, 'at most 65536 bytes'],
  ])('is refused, and says why: %j', (schema, problem) => {
    expect(EventSchema.read(schema)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  it('that would never come to an end is stopped, and not asked again after a few times', () => {
    const schema = read({ properties: { text: { type: 'string', pattern: '^(a+)+$' } } });
    expect(schema.problems({ text: 'aaaa' })).toEqual([]);
    const endless = { text: `${'a'.repeat(60)}b` };
    for (let time = 0; time < 3; time += 1) expect(() => schema.problems(endless)).toThrow(TooCostlyError);
    expect(schema.isTooCostly).toBe(true);
    expect(() => schema.problems({ text: 'aaaa' })).toThrow(TooCostlyError);
  });

  it('whose references multiply, or refer to themselves, is stopped as well', () => {
    const $defs: Record<string, object> = { d40: { type: 'object' } };
    for (let n = 0; n < 40; n += 1)
      $defs[`d${n}`] = { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] };
    expect(() => read({ $defs, $ref: '#/$defs/d0' }).problems({})).toThrow(TooCostlyError);
    const circle = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' };
    const circular = EventSchema.read(circle);
    if (circular instanceof EventSchema) expect(() => circular.problems({})).toThrow(TooCostlyError);
    else expect(circular).toEqual(['schema takes too long to read']);
  });
});
