import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventFilter, isTag } from './event-filter.js';
import type { FilteredEvent } from './event-filter.js';

const EVENT = {
  event: 'order.completed',
  data: {
    total: 250,
    currency: 'CHF',
    paid: true,
    coupon: null,
    customer: { country: 'CH', tags: ['new', 'vip'] },
    items: [
      { sku: 'A-1', count: 2 },
      { sku: 'B-2', count: 9 },
    ],
    empty: [],
  },
  tags: ['wholesale', 'region:eu'],
};

function failed(filter: unknown, event: FilteredEvent = EVENT) {
  const read = EventFilter.read(filter);
  if (!(read instanceof EventFilter)) throw new Error(read.join('; '));
  return read.failed(event);
}
const problems = (filter: unknown): unknown => {
  const read = EventFilter.read(filter);
  return read instanceof EventFilter ? [] : read;
};

describe('a filter', () => {
  it.each<[object]>([
    [{ event: 'order.completed' }],
    [{ event: { $startsWith: 'order.' } }],
    [{ data: { currency: { $endsWith: 'HF' } } }],
    [{ data: { total: { $gt: 249, $gte: 250, $lt: 251, $lte: 250 } } }],
    [{ data: { currency: { $gte: 'CHF', $lt: 'EUR' } } }],
    [{ data: { paid: true, coupon: null } }],
    [{ data: { coupon: { $exists: true }, other: { $exists: false } } }],
    [{ data: { other: { $ne: 1, $nin: [1, 2] } } }],
    [{ data: { customer: { country: { $in: ['CH', 'DE'] }, tags: 'vip' } } }],
    [{ data: { items: { sku: 'B-2', count: { $gt: 5 } } } }],
    [{ tags: 'wholesale' }],
    [{ tags: { $in: ['region:eu', 'region:us'] } }],
    [{ tags: { $nin: ['retail'] } }],
    [{ $or: [{ data: { total: 1 } }, { tags: 'wholesale' }] }],
    [{ $and: [{ data: { total: 250 } }, { $not: { tags: 'retail' } }] }],
    [{ data: { total: { $not: { $lt: 100 } } } }],
    [{ data: { total: { $or: [{ $lt: 100 }, { $gt: 200 }] } } }],
  ])('lets through what meets it: %j', (filter) => {
    expect(failed(filter)).toBeUndefined();
  });

  it.each<[object, string, unknown]>([
    [{ event: 'order.created' }, 'event', 'order.created'],
    [{ data: { total: { $gt: 1, $lt: 250 } } }, 'data.total.$lt', 250],
    [{ data: { total: '250' } }, 'data.total', '250'],
    [{ data: { total: { $gte: '1' } } }, 'data.total.$gte', '1'],
    [{ data: { currency: { $startsWith: 'ch' } } }, 'data.currency.$startsWith', 'ch'],
    [{ data: { other: null } }, 'data.other', null],
    [{ data: { customer: { tags: { $ne: 'vip' } } } }, 'data.customer.tags.$ne', 'vip'],
    [{ data: { items: { sku: 'A-1', count: 9 } } }, 'data.items.sku', 'A-1'],
    [{ data: { items: { sku: 'B-2', count: 2 } } }, 'data.items.count', 2],
    [{ data: { empty: { sku: 'A-1' } } }, 'data.empty.sku', 'A-1'],
    [{ data: { currency: { length: 3 } } }, 'data.currency.length', 3],
    [{ data: { constructor: { name: { $exists: true } } } }, 'data.constructor.name.$exists', true],
    [{ tags: { $exists: false } }, 'tags.$exists', false],
    [{ $or: [{ tags: 'retail' }, { data: { total: 1 } }] }, '$or', null],
    [{ $and: [{ tags: 'wholesale' }, { data: { total: 1 } }] }, '$and.1.data.total', 1],
    [{ data: { $not: { total: 250 } } }, 'data.$not', null],
  ])('says which clause was not met: %j', (filter, clause, expected) => {
    expect(failed(filter)).toEqual({ clause, expected });
  });

  it.each<[unknown, string]>([
    [null, 'filter must be an object'],
    [[], 'filter must be an object'],
    [{}, 'filter must not be empty'],
    [{ date: 1 }, 'filter.date is unknown; there are event, data, tags, $and, $or, $not'],
    [{ $eq: 1 }, 'filter.$eq is unknown; there are event, data, tags, $and, $or, $not'],
    [{ data: {} }, 'filter.data must not be empty'],
    [
      { data: { a: [1] } },
      'filter.data.a must be an object, a string, a number, a boolean or null; lists belong into $in',
    ],
    [{ data: { a: { $gte: true } } }, 'filter.data.a.$gte must be a number or a string'],
    [{ data: { a: { $eq: {} } } }, 'filter.data.a.$eq must be a string, a number, a boolean or null'],
    [{ data: { a: { $in: 'x' } } }, 'filter.data.a.$in must be a list of 1 to 100 strings, numbers, booleans or nulls'],
    [{ data: { a: { $startsWith: '' } } }, 'filter.data.a.$startsWith must be a string that is not empty'],
    [{ data: { a: { $exists: 1 } } }, 'filter.data.a.$exists must be true or false'],
    [{ data: { a: { $regex: '(a+)+' } } }, 'filter.data.a.$regex is unknown; there are $eq, $ne,'],
    [{ data: { a: { $toString: 1 } } }, 'filter.data.a.$toString is unknown'],
    [{ $or: { a: 1 } }, 'filter.$or must be a list of one or more filters'],
    [{ $and: [{ tags: 'a' }, { bad: 1 }] }, 'filter.$and.1.bad is unknown'],
  ])('is refused, with the path: %j', (filter, problem) => {
    expect(problems(filter)).toEqual([expect.stringContaining(problem)]);
  });

  it('has bounds of depth, clauses and size', () => {
    const deep = (levels: number): object => {
      let filter: object = { a: 1 };
      for (let level = 0; level < levels; level += 1) filter = { a: filter };
      return filter;
    };
    expect(problems({ data: deep(8) })).toEqual([]);
    expect(problems({ data: deep(9) })).toEqual([expect.stringContaining('is more than 10 levels deep')]);
    expect(problems({ data: deep(50_000) })).toHaveLength(1);
    const wide = (clauses: number) =>
      Object.fromEntries(Array.from({ length: clauses }, (_, n) => [`field${n}`, n] as const));
    expect(problems({ data: wide(100) })).toEqual([]);
    expect(problems({ data: wide(101) })).toEqual(['filter has more than 100 clauses']);
    expect(problems({ event: 'x'.repeat(8_193) })).toEqual(['filter may have at most 8192 bytes']);
  });

  it('takes a bounded number of steps, whatever the data holds, and lets nothing through beyond', () => {
    const items = Array.from({ length: 30_000 }, () => ({ values: [1, 2, 3] }));
    const event = { ...EVENT, data: { items } };
    expect(failed({ data: { items: { values: 4 } } }, event)).toMatchObject({ clause: '' });
    expect(failed({ $not: { data: { items: { values: 4 } } } }, event)).toMatchObject({ clause: '' });
  });

  it('that cannot be read any more lets nothing through', () => {
    expect(EventFilter.accepted({ data: { a: { $since: 1 } } }).failed(EVENT)).toBeDefined();
  });
});

describe('for any value', () => {
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const json = fc.jsonValue({ maxDepth: 3 });
  const meets = (condition: unknown, value: unknown) => {
    const read = EventFilter.read({ data: { value: condition } });
    if (!(read instanceof EventFilter)) throw new Error(read.join());
    return read.failed({ event: 'a', data: { value }, tags: [] }) === undefined;
  };

  it('a condition and its opposite are never both met', () => {
    fc.assert(
      fc.property(json, scalar, (value, expected) => {
        expect(meets({ $eq: expected }, value)).toBe(!meets({ $ne: expected }, value));
        expect(meets({ $in: [expected] }, value)).toBe(!meets({ $nin: [expected] }, value));
        expect(meets({ $in: [expected] }, value)).toBe(meets(expected, value));
        expect(meets({ $not: { $eq: expected } }, value)).toBe(meets({ $ne: expected }, value));
      }),
    );
  });

  it('numbers are ordered, and bounds that exclude each other are', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (value, bound) => {
        expect(meets({ $gt: bound }, value)).toBe(value > bound);
        expect(meets({ $lte: bound }, value)).toBe(!meets({ $gt: bound }, value));
        expect(meets({ $lt: bound }, value)).toBe(!meets({ $gte: bound }, value));
      }),
    );
  });

  it('and any filter at all, reading and judging end with an answer and change nothing', () => {
    const operators = [
      '$eq',
      '$ne',
      '$gt',
      '$lte',
      '$in',
      '$startsWith',
      '$exists',
      '$and',
      '$or',
      '$not',
      'a',
      'data',
      'tags',
      '__proto__',
    ];
    const filter = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...operators), tie('node'), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(filter, json, (input, data) => {
        const before = JSON.stringify([input, data]);
        const read = EventFilter.read(input);
        if (read instanceof EventFilter) read.failed({ event: 'a', data, tags: [] });
        else expect(read.length).toBeGreaterThan(0);
        expect(JSON.stringify([input, data])).toBe(before);
      }),
    );
  });
});

describe('a tag', () => {
  it.each(['a', 'region:eu', 'v1.2/beta', 'x'.repeat(64)])('may be %j', (tag) => expect(isTag(tag)).toBe(true));
  it.each(['', 'a,b', 'ä', 'a b', 'x'.repeat(65), 7, null])('is none such as %j', (tag) =>
    expect(isTag(tag)).toBe(false),
  );
});
