// Reads a filter into functions, once; says of each mistake where it stands. What is within the bounds here is what bounds
// the cost of judging: depth, clauses, sizes.
import { CONDITIONS, isScalar } from './conditions.js';
import { SPENT } from './judge.js';
import type { FailedClause, Judge } from './judge.js';

const MAX_DEPTH = 10;
const MAX_CLAUSES = 100;
const MAX_BYTES = 8_192;
const MAX_PROBLEMS = 10;

const ROOTS = ['event', 'data', 'tags'];

/** The filter as a function, or what is wrong with it. */
export function readFilter(input: unknown): Judge | readonly string[] {
  if (!isObject(input)) return ['filter must be an object'];
  try {
    if (Buffer.byteLength(JSON.stringify(input)) > MAX_BYTES) return [`filter may have at most ${MAX_BYTES} bytes`];
  } catch {
    return ['filter must be JSON'];
  }
  const reader = new Reader();
  const judge = reader.node(input, [], true);
  return reader.problems.length > 0 ? reader.problems.slice(0, MAX_PROBLEMS) : judge;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Path = readonly string[];

class Reader {
  readonly problems: string[] = [];
  private clauses = 0;

  /** What one place of an event must meet: fields below it, conditions on it, combinations of both. All of them. */
  node(input: unknown, path: Path, isRoot = false): Judge {
    if (path.length > MAX_DEPTH) return this.problem(path, `is more than ${MAX_DEPTH} levels deep`);
    if (isScalar(input)) return this.condition('$eq', input, path, path);
    if (!isObject(input))
      return this.problem(path, 'must be an object, a string, a number, a boolean or null; lists belong into $in');
    const names = Object.keys(input);
    if (names.length === 0) return this.problem(path, 'must not be empty');
    const judge = (name: string): Judge => this.entry(name, input[name], path, isRoot);
    const [asked, fields] = [
      names.filter((name) => name.startsWith('$')),
      names.filter((name) => !name.startsWith('$')),
    ];
    return allOf([...(fields.length > 0 ? [ofOne(allOf(fields.map(judge)))] : []), ...asked.map(judge)]);
  }

  private entry(key: string, value: unknown, path: Path, isRoot: boolean): Judge {
    const at = [...path, key];
    switch (key) {
      case '$and':
        return allOf(this.list(value, at, isRoot));
      case '$or':
        return anyOf(this.list(value, at, isRoot), clauseAt(at));
      case '$not':
        return noneOf(this.node(value, at, isRoot), clauseAt(at));
    }
    if (isRoot && !ROOTS.includes(key))
      return this.problem(at, `is unknown; there are ${ROOTS.join(', ')}, $and, $or, $not`);
    if (key.startsWith('$')) return this.condition(key, value, at, at);
    return field(key, this.node(value, at));
  }

  private list(input: unknown, path: Path, isRoot: boolean): Judge[] {
    if (Array.isArray(input) && input.length > 0)
      return input.map((item, index) => this.node(item, [...path, String(index)], isRoot));
    return [this.problem(path, 'must be a list of one or more filters')];
  }

  private condition(name: string, expected: unknown, path: Path, at: Path): Judge {
    this.clauses += 1;
    if (this.clauses === MAX_CLAUSES + 1) return this.problem([], `has more than ${MAX_CLAUSES} clauses`);
    if (this.clauses > MAX_CLAUSES) return never;
    const condition = Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name] : undefined;
    if (!condition) return this.problem(path, `is unknown; there are ${Object.keys(CONDITIONS).join(', ')}`);
    if (!condition.takes(expected)) return this.problem(path, condition.sentence);
    const failed = clauseAt(at, expected);
    const meets = condition.of(expected);
    return (value, budget) => {
      budget.left -= Array.isArray(value) ? value.length + 1 : 1;
      if (budget.left < 0) throw SPENT;
      return meets(value) ? undefined : failed;
    };
  }

  private problem(path: Path, sentence: string): Judge {
    this.problems.push(`${['filter', ...path].join('.').slice(0, 200)} ${sentence}`);
    return never;
  }
}

const clauseAt = (path: Path, expected: unknown = null): FailedClause => ({ clause: path.join('.'), expected });

/** Stands for what was refused; nobody asks it. */
const never: Judge = () => ({ clause: '', expected: null });

const allOf = (judges: readonly Judge[]): Judge =>
  judges.length === 1
    ? (judges[0] as Judge)
    : (value, budget) => {
        for (const judge of judges) {
          const failed = judge(value, budget);
          if (failed) return failed;
        }
        return undefined;
      };

const anyOf =
  (judges: readonly Judge[], none: FailedClause): Judge =>
  (value, budget) =>
    judges.some((judge) => judge(value, budget) === undefined) ? undefined : none;

const noneOf =
  (judge: Judge, met: FailedClause): Judge =>
  (value, budget) =>
    judge(value, budget) === undefined ? met : undefined;

/** What stands under a name. */
const field =
  (name: string, judge: Judge): Judge =>
  (value, budget) =>
    judge(memberOf(value, name, budget), budget);

/** Of a list, one element must meet all that is asked of the fields below. */
const ofOne =
  (fields: Judge): Judge =>
  (value, budget) => {
    if (!Array.isArray(value) || value.length === 0) return fields(value, budget);
    let failed: FailedClause | undefined;
    for (const element of value) {
      failed = fields(element, budget);
      if (!failed) break;
    }
    return failed;
  };

function memberOf(value: unknown, name: string, budget: { left: number }): unknown {
  budget.left -= 1;
  if (budget.left < 0) throw SPENT;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
