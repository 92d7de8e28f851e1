import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EvaluatorBusyError } from '../registry.errors.js';
import { EvaluationError, Evaluator } from './evaluator.js';

let evaluator: Evaluator;
beforeEach(() => {
  evaluator = new Evaluator({ maxEventSize: 262_144 });
});
afterEach(() => evaluator.onApplicationShutdown());

const order = {
  id: 'e-1',
  event: 'order.paid',
  timestamp: '2026-03-01T12:00:00.000Z',
  data: { total: 250, lines: [1, 2] },
};
const made = (expression: string, input: unknown = order, tenant = 'a') =>
  evaluator.evaluate(tenant, expression, input);
const problem = (expression: string, input: unknown = order, tenant = 'a'): Promise<string> =>
  made(expression, input, tenant).then(
    (value) => `it gave ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof EvaluationError ? error.message : String(error)),
  );

/** Runs for ever, in constant memory. */
const ENDLESS = '($f := function($n) { $f($n + 1) }; $f(0))';

describe('an expression', () => {
  it('makes anything JSON has of its input', async () => {
    expect(await made('$')).toEqual(order);
    expect(await made('{ "text": event & ": " & data.total, "n": $sum(data.lines) }')).toEqual({
      text: 'order.paid: 250',
      n: 3,
    });
    expect(await made('[1, null, "x", true]')).toEqual([1, null, 'x', true]);
  });

  it('is refused where it cannot be read, with the place', async () => {
    await expect(evaluator.check('a', '{ "text": ')).rejects.toThrow(/at character \d+/);
    await expect(evaluator.check('a', '')).rejects.toThrow(EvaluationError);
    await expect(evaluator.check('a', '$')).resolves.toBeUndefined();
  });

  it('fails with what JSONata says, and nothing is what it may not give', async () => {
    expect(await problem('$number("x")')).toContain('Unable to cast value to a number');
    expect(await problem('nothing.here')).toBe('it gave nothing');
    expect(await problem('function($x) { $x }')).toBe('it gave nothing');
    expect(await problem('$pad("x", 300000)')).toBe('it gave more than 262144 bytes');
  });

  it('keeps nothing from one evaluation to the next', async () => {
    expect(await made('$x := data.total')).toBe(250);
    expect(await problem('$x')).toBe('it gave nothing');
    const remembers = '$exists($kept) ? $kept : ($kept := data.total)';
    await made(remembers);
    expect(await made(remembers, { data: { total: 1 } }, 'b')).toBe(1);
    expect(await problem('$kept := $kept', order, 'b')).toBe('it gave nothing');
  });

  it('sees nothing of the process', async () => {
    for (const name of ['process', 'globalThis', 'constructor', '__proto__', 'toString'])
      expect({ name, made: await problem(`$.${name}`) }).toEqual({ name, made: 'it gave nothing' });
    expect(await made('{ "__proto__": { "polluted": 1 } }')).toEqual(expect.any(Object));
    expect(await problem('$.polluted')).toBe('it gave nothing');
  });

  it('is ended where it takes for ever, and those after it are evaluated', async () => {
    const [endless, regex, fine] = await Promise.all([
      problem(ENDLESS),
      problem(`$match("${'a'.repeat(60)}!", /^(a+)+$/)`, order, 'b'),
      made('data.total', order, 'c'),
    ]);
    expect([endless, regex, fine]).toEqual(['it took longer than 1000 ms', 'it took longer than 1000 ms', 250]);
  });

  it('is ended where it takes all memory, and those after it are evaluated', async () => {
    const greedy = '($grow := function($all) { $grow($append($all, $all)) }; $grow([1..1000]))';
    expect(await problem(greedy)).toMatch(/memory|stack|longer|size/i);
    expect(await made('data.total')).toBe(250);
  });

  it('of one tenant does not hold up those of others', async () => {
    const order: string[] = [];
    const slow = Array.from({ length: 4 }, () => problem(ENDLESS).then(() => order.push('slow')));
    const quick = Array.from({ length: 5 }, () =>
      made('data.total', { data: { total: 1 } }, 'b').then(() => order.push('quick')),
    );
    await Promise.all([...slow, ...quick]);
    expect(order.indexOf('slow')).toBe(0);
    expect(order.lastIndexOf('quick')).toBe(5);
  });

  it('that nobody waits for any more is not evaluated, and its input is not kept until its turn', async () => {
    const unwanted = new AbortController();
    const inTime = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(unwanted.signal);
    let read = 0;
    const input = {
      get data() {
        return (read += 1);
      },
    };
    const running = problem(ENDLESS, order, 'b');
    inTime.mockRestore();
    const waiting = [
      evaluator.evaluate('a', 'data', input, unwanted.signal),
      evaluator.evaluate('a', 'data', input, AbortSignal.abort()),
      running,
    ];
    const after = made('data.total');
    unwanted.abort();
    const ends = await Promise.allSettled(waiting);
    for (const end of ends.slice(0, 2)) expect(end).toMatchObject({ reason: expect.any(EvaluatorBusyError) });
    // Nor is anybody told more of what runs: the next one waits until its second is over.
    expect(ends[2]).toMatchObject({ value: expect.stringContaining('take all the time') });
    expect(await after).toBe(250);
    expect(read).toBe(0);
    expect(await made('data', input)).toBe(1);
  });

  it('that still waits when the process stops is not evaluated', async () => {
    const asked = [problem(ENDLESS), problem('data.total')];
    await evaluator.onApplicationShutdown();
    for (const answer of await Promise.all(asked)) expect(answer).toMatch(/stopping|memory/);
    expect(await problem('$')).toContain('stopping');
  });
});
