// Pages of a log that cost about the same however much is stored. A page walks one index, newest first; conditions
// that this index does not answer are checked row by row, for a bounded number of rows. A page that finds too little
// there ends where it stopped looking: it may be short, or empty, and still not be the last.
import type { ObjectLiteral, Repository } from 'typeorm';
import { FIRST_ID, LAST_ID, lowestIdAt } from '../../kernel/ids.js';
import type { TenantSql } from './tenant-database.js';

/** Rows that one page looks at: 5 to 15 ms of PostgreSQL's time while they are in memory, by how far they lie apart. */
const LOOK = 5_000;

/** One page of a log: at most as many rows as were asked for. */
export interface LogPage<Row> {
  readonly rows: Row[];
  /** Where looking stopped before the page was full; absent where it is full, or nothing is left. */
  readonly lookedTo?: string;
}

/** What a page is limited to in time and by the page before. Times are compared by id: an id holds its moment. */
export interface Bounds {
  readonly sinceId?: string;
  readonly beforeId?: string;
}

/** What to read. */
interface PageRequest {
  readonly walk: Walk;
  /** SQL of what is selected of `d`, its id as `id`. */
  readonly columns: string;
  /** Rows at most. */
  readonly limit: number;
  readonly parameters: Parameters;
}

/** `id` is null in the only row of a page on which nothing was found. */
type LogRow<Row> = Row & { id: string | null; lookedTo: string | null };

/** Which rows are looked at, and which of them are wanted. All of it SQL, with the rows named `d`. */
export interface Walk {
  /** FROM and WHERE; an index gives these rows in the order of their ids. */
  readonly from: string;
  readonly where: readonly string[];
  /** ORDER BY; by default, the newest id first. */
  readonly order?: string;
  /** What the index does not answer. */
  readonly filters: readonly string[];
}

/** The values of a statement: `bind` keeps one and gives its place. */
export class Parameters {
  readonly values: unknown[] = [];

  bind(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** The bounds that a filter sets: `since` is inclusive, `until` exclusive. */
export function boundsOf(filter: { since?: Date; until?: Date; beforeId?: string }): Bounds {
  const { since, until, beforeId } = filter;
  const untilId = until && lowestIdAt(until.getTime());
  return {
    sinceId: since && lowestIdAt(since.getTime()),
    beforeId: untilId !== undefined && beforeId !== undefined && untilId < beforeId ? untilId : (beforeId ?? untilId),
  };
}

/** SQL that selects an entity's columns of `d` under the names of its properties, but for one where that is left out. */
export const columnsOf = <Entity extends ObjectLiteral>(
  { metadata }: Repository<Entity>,
  except?: keyof Entity & string,
): string =>
  metadata.columns
    .filter(({ isSelect, propertyName }) => isSelect && propertyName !== except)
    .map(({ databaseName, propertyName }) => `d.${databaseName} AS "${propertyName}"`)
    .join(', ');

/** The bounds as conditions on an id; they also tell PostgreSQL which partitions to leave out. */
export function within(id: string, { sinceId, beforeId }: Bounds, parameters: Parameters): string[] {
  const conditions: string[] = [];
  if (sinceId !== undefined) conditions.push(`${id} >= ${parameters.bind(sinceId)}`);
  if (beforeId !== undefined) conditions.push(`${id} < ${parameters.bind(beforeId)}`);
  return conditions;
}

/**
 * Conditions and order that only an index of these columns and the id can serve. If they were asked by `=`, PostgreSQL might take
 * it for cheaper to walk all rows by their ids, and would look at twenty to find one, or at all that another tenant has stored since.
 *
 * @param keys - SQL of the value of each column, in the order of the index.
 */
export function alongIndex(
  keys: Readonly<Record<string, string>>,
  { sinceId, beforeId }: Bounds,
  parameters: Parameters,
): Required<Pick<Walk, 'where' | 'order'>> {
  const columns = [...Object.keys(keys), 'id'].map((column) => `d.${column}`);
  const [row, values] = [`(${columns.join(', ')})`, Object.values(keys).join(', ')];
  const since = sinceId === undefined ? `'${FIRST_ID}'` : parameters.bind(sinceId);
  const before =
    beforeId === undefined ? `<= (${values}, '${LAST_ID}')` : `< (${values}, ${parameters.bind(beforeId)})`;
  return {
    where: [`${row} >= (${values}, ${since})`, `${row} ${before}`],
    order: columns.map((column) => `${column} DESC`).join(', '),
  };
}

/** A page of what several pages of the same bounds and limit show: no further down than all of them looked. */
export function newestOf<Row extends { id: string }>(pages: readonly LogPage<Row>[], limit: number): LogPage<Row> {
  const stops = pages.flatMap(({ lookedTo }) => lookedTo ?? []).sort();
  const lookedTo = stops.at(-1);
  const rows = pages.flatMap((page) => page.rows).filter(({ id }) => lookedTo === undefined || id >= lookedTo);
  rows.sort((a, b) => (a.id < b.id ? 1 : -1));
  return { rows: rows.slice(0, limit), lookedTo: rows.length < limit ? lookedTo : undefined };
}

/**
 * Reads a page. Locks nothing.
 *
 * The statement has no name, so it is planned for its values, which tell PostgreSQL the partitions and the partial
 * indexes. The settings keep it to the order of an index. With a sort it would read a webhook's whole backlog to show the
 * newest of it, and PostgreSQL does choose a sort where it takes the backlog for smaller than it is.
 */
export async function readPage<Row extends { id: string }>(
  database: TenantSql,
  { walk, columns, limit, parameters }: PageRequest,
): Promise<LogPage<Row>> {
  const rows = await database.transaction(async (executor) => {
    await executor.query({
      text: 'SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off',
    });
    return executor.query<LogRow<Row>>({ text: textOf(walk, columns, limit) }, parameters.values);
  });
  return { rows: rows.filter(({ id }) => id !== null), lookedTo: rows[0]?.lookedTo ?? undefined };
}

// One statement, so that what was found and where looking stopped are of one moment.
function textOf({ from, where, order = 'd.id DESC', filters }: Walk, columns: string, limit: number): string {
  const walked = (selected: string): string =>
    `SELECT ${selected} FROM ${from} WHERE ${where.join(' AND ')} ORDER BY ${order}`;
  if (filters.length === 0) return `${walked(`${columns}, NULL AS "lookedTo"`)} LIMIT ${limit}`;
  // Where looking stopped is asked only after a page that is not full.
  return `
    WITH found AS MATERIALIZED (
      SELECT ${columns} FROM (${walked('d.*')} LIMIT ${LOOK}) d WHERE ${filters.join(' AND ')}
      ORDER BY d.id DESC LIMIT ${limit})
    SELECT found.*, CASE WHEN (SELECT count(*) FROM found) < ${limit}
                    THEN (${walked('d.id')} OFFSET ${LOOK - 1} LIMIT 1) END AS "lookedTo"
    FROM (SELECT) one LEFT JOIN found ON true ORDER BY found.id DESC`;
}
