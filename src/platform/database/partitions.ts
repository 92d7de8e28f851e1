// Partitions of the big tables, one a day, made ahead of time. Rows that arrive for a day without one land in the
// default partition and are moved when the day's partition is made.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { systemClock } from '../../kernel/clock.js';
import { lowestIdAt } from '../../kernel/ids.js';
import { Rounds } from '../rounds.js';
import { Database } from './database.js';
import type { SqlExecutor } from './database.js';
import { isLockTimeout, LOCK_TIMEOUT } from './lock-patience.js';

/** The tables cut by time, each with the key that says where a row lies. */
export const PARTITIONED = [
  { table: 'event', key: 'id' },
  { table: 'delivery', key: 'id' },
  { table: 'delivery_attempt', key: 'delivery_id' },
  { table: 'received_event', key: 'id' },
  { table: 'handler_run', key: 'received_event_id' },
] as const;

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 3;
const KEEP_INTERVAL_MS = 3_600_000;
/** Where a table was in use. */
const COME_AGAIN_MS = 10_000;

// One process at a time; the others find the work done.
export const PARTITION_LOCK = 76_784_677;

/**
 * SQL for all partitions there are, with the ids from which (`low`) and below which (`high`) their rows lie.
 *
 * Both are null for a default partition, and for one that is dropped while this runs: the catalogue has its row still,
 * and its bounds no more.
 */
export const EVERY_PARTITION = `
  SELECT i.inhparent AS parent, c.oid, c.relname AS name, bounds[1] AS low, bounds[2] AS high
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid LEFT JOIN LATERAL
       regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([0-9a-f-]+)''\\) TO \\(''([0-9a-f-]+)''\\)') AS bounds ON true`;

@Injectable()
export class Partitions implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Partitions');
  private readonly rounds = new Rounds(
    () => this.keep(),
    KEEP_INTERVAL_MS,
    // Rows of a day without its partition go to the default one: nothing is lost, only slower.
    ({ message }) => this.logger.warn(`Could not make partitions ahead, will try again: ${message}`),
  );

  constructor(private readonly database: Database) {}

  /** The first round is waited for: nothing is stored before. */
  onModuleInit(): Promise<void> {
    return this.rounds.startNow();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /** Resolves with how long to pause. */
  private async keep(): Promise<number> {
    return (await this.makeAhead(systemClock())) ? KEEP_INTERVAL_MS : COME_AGAIN_MS;
  }

  /** The tables whose default partition holds rows: they work, but nothing there is dropped, and partitions are missing. */
  async tablesWithStrays(): Promise<string[]> {
    const { tables } = this.database;
    // Locks no row; reads the first row of five tables that are nearly always empty.
    const looks = PARTITIONED.map(
      ({ table }) => `SELECT '${table}' AS table WHERE EXISTS (SELECT FROM ${tables[table]}_default)`,
    );
    const rows = await this.database.query<{ table: string }>({ text: looks.join(' UNION ALL ') });
    return rows.map(({ table }) => table);
  }

  /** How many days after that of `nowMs` have all their partitions, one after the other; -1: not even that one. */
  async daysAhead(nowMs: number): Promise<number> {
    const today = Math.floor(nowMs / DAY_MS);
    for (let day = today; day <= today + DAYS_AHEAD; day++)
      if ((await this.missingOf(day)).length > 0) return day - today - 1;
    return DAYS_AHEAD;
  }

  /**
   * Makes the missing partitions from the day of `nowMs` on. Safe to run in any number of processes. False: some could not be made,
   * because their table is in use.
   */
  async makeAhead(nowMs: number): Promise<boolean> {
    let isDone = true;
    const today = Math.floor(nowMs / DAY_MS);
    const schema = this.database.tables.event.split('.')[0] as string;
    for (let day = today; day <= today + DAYS_AHEAD; day++) {
      const [low, high] = [lowestIdAt(day * DAY_MS), lowestIdAt((day + 1) * DAY_MS)];
      const missing = await this.missingOf(day);
      for (const { table, key } of PARTITIONED.filter(({ table }) => missing.includes(table))) {
        const name = `${schema}.${table}_${suffixOf(day)}`;
        try {
          await this.database.transaction((executor) => attach(executor, { schema, table, key, name, low, high }));
          this.logger.debug(`Made partition ${name}`);
        } catch (error) {
          if (!isLockTimeout(error)) throw error;
          isDone = false;
        }
      }
    }
    return isDone;
  }

  /** The tables without a partition for a day. Locks nothing; reads the catalogue. */
  private async missingOf(day: number): Promise<string[]> {
    const schema = this.database.tables.event.split('.')[0] as string;
    const rows = await this.database.query<{ table: string }>(
      { text: `SELECT t AS table FROM unnest($1::text[]) t WHERE to_regclass($2 || '.' || t || '_' || $3) IS NULL` },
      [PARTITIONED.map(({ table }) => table), schema, suffixOf(day)],
    );
    return rows.map(({ table }) => table);
  }
}

const suffixOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');

interface NewPartition {
  schema: string;
  table: string;
  key: string;
  name: string;
  low: string;
  high: string;
}

/**
 * Builds the partition beside its table, fills it with what the default partition already holds for it, then attaches it.
 *
 * Locks: an advisory lock against other processes; ACCESS EXCLUSIVE on the default partition (nearly always empty) and
 * SHARE UPDATE EXCLUSIVE on the parent, so that reads and writes of the other partitions go on. Statements that are planned for all
 * partitions need the default one too, and wait while this waits for somebody who reads it: hence 100 ms at most.
 */
async function attach(executor: SqlExecutor, { schema, table, key, name, low, high }: NewPartition): Promise<void> {
  await executor.query({ text: `SET LOCAL lock_timeout = '2s'` });
  await executor.query({ text: `SELECT pg_advisory_xact_lock(${PARTITION_LOCK})` });
  await executor.query({ text: `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'` });
  const parent = `${schema}.${table}`;
  // Read from the catalogue's rows: to_regclass may answer from a cache that is as old as this transaction, from before
  // the wait for the lock.
  const [found] = await executor.query(
    {
      text: `SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = $1::regclass AND c.relname = split_part($2, '.', 2)`,
    },
    [parent, name],
  );
  if (found) return;
  await executor.query({ text: `CREATE TABLE ${name} (LIKE ${parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)` });
  await executor.query({
    text: `WITH moved AS (DELETE FROM ${parent}_default WHERE ${key} >= '${low}' AND ${key} < '${high}' RETURNING *)
           INSERT INTO ${name} SELECT * FROM moved`,
  });
  // The constraint spares ATTACH a scan of the new partition under its lock.
  await executor.query({
    text: `ALTER TABLE ${name} ADD CONSTRAINT bounds CHECK (${key} IS NOT NULL AND ${key} >= '${low}' AND ${key} < '${high}')`,
  });
  await executor.query({
    text: `ALTER TABLE ${parent} ATTACH PARTITION ${name} FOR VALUES FROM ('${low}') TO ('${high}')`,
  });
  await executor.query({ text: `ALTER TABLE ${name} DROP CONSTRAINT bounds` });
}
