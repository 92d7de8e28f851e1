// Forgets what is past its retention, by dropping whole partitions: that costs the same for a thousand rows as for a
// hundred million. It never drops what still has to be sent or handled, and never makes live traffic wait noticeably:
// a partition that is being read is left for a later round.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { lowestIdAt } from '../../kernel/ids.js';
import { SETTINGS_TOKEN } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';
import { Rounds } from '../rounds.js';
import { Database } from './database.js';
import type { SqlExecutor } from './database.js';
import { isLockTimeout, LOCK_TIMEOUT } from './lock-patience.js';
import { EVERY_PARTITION, PARTITION_LOCK, PARTITIONED } from './partitions.js';
import { retentionRules } from './retention-rules.js';
import type { RetentionRule } from './retention-rules.js';

const ROUND_MS = 300_000;

/** Rows of a default partition deleted by one statement, and statements of one round. */
const BATCH = 1_000;
const MAX_BATCHES = 50;

interface OldPartition {
  readonly table: string;
  /** In full, ready to stand in SQL. */
  readonly name: string;
  readonly low: string;
  readonly high: string;
}

/** `busy`: someone reads it, or another process is at work. `held`: something in its range is still needed. */
type DropOutcome = 'dropped' | 'held' | 'busy';

@Injectable()
export class Retention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Retention');
  private readonly rules: readonly RetentionRule[];
  private readonly told = new Set<string>();
  private readonly rounds = new Rounds(
    () => this.enforce(),
    ROUND_MS,
    ({ message }) => this.logger.warn(`Old rows stay for now, will try again: ${message}`),
  );

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'retentionMs'>,
  ) {
    this.rules = retentionRules(database.tables);
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /**
   * One round, by PostgreSQL's clock: a process whose own is a month ahead would drop what is of today. Safe to run in any number of
   * processes.
   *
   * @param asOfMs - Another moment than now.
   */
  async enforce(asOfMs?: number): Promise<void> {
    const cutoff = lowestIdAt((asOfMs ?? (await this.database.now())) - this.settings.retentionMs);
    for (const rule of this.rules) if (!this.rounds.isStopped) await this.forget(rule, cutoff);
  }

  private async forget(rule: RetentionRule, cutoff: string): Promise<void> {
    try {
      await this.dropPartitions(rule, cutoff);
      await this.deleteStrays(rule, cutoff);
    } catch (error) {
      this.logger.warn(`Old rows of ${rule.table} stay for now, will try again: ${(error as Error).message}`);
    }
  }

  private async dropPartitions(rule: RetentionRule, cutoff: string): Promise<void> {
    for (const partition of await this.partitionsBefore(rule.table, cutoff)) {
      const outcome = await this.drop(rule, partition);
      if (outcome === 'dropped') this.logger.log(`Dropped ${partition.name}: it is past its retention.`);
      // Whoever reads one partition of a table has locked the table: its others would be waited for in vain.
      if (outcome === 'busy') return;
      if (outcome === 'held' && !this.told.has(partition.name)) {
        this.told.add(partition.name);
        this.logger.warn(`${partition.name} is past its retention and stays: something in its range is not final yet.`);
      }
    }
  }

  /** Partitions of a table whose whole range is before an id, oldest first. The default one has no range. */
  private async partitionsBefore(table: string, cutoff: string): Promise<OldPartition[]> {
    const schema = this.database.tables.event.split('.')[0] as string;
    // Locks no row; reads the catalogue.
    const rows = await this.database.query<{ name: string; low: string; high: string }>(
      {
        text: `SELECT p.name, p.low, p.high FROM (${EVERY_PARTITION}) p
               WHERE p.parent = $1::regclass AND p.high::uuid <= $2::uuid
               ORDER BY p.high`,
      },
      [`${schema}.${table}`, cutoff],
    );
    return rows.map(({ name, low, high }) => ({ table, name: `${schema}."${name}"`, low, high }));
  }

  /**
   * Drops one partition, if nothing in its range is needed any more.
   *
   * Locks: an advisory lock against other processes (not waited for); ACCESS EXCLUSIVE on the parent table, waited for
   * 100 ms at most and held while one index look-up and the drop take (DETACH CONCURRENTLY would lock less, but is
   * refused for tables with a default partition). The look-up is repeated under the lock, since a retry by hand may make
   * an old delivery due until then; before it, it spares traffic a lock in vain.
   */
  private async drop(rule: RetentionRule, { table, name, low, high }: OldPartition): Promise<DropOutcome> {
    const held = `SELECT EXISTS (${rule.rangeHeld(low, high)}) AS held`;
    const isHeld = async (executor: SqlExecutor): Promise<boolean> =>
      Boolean((await executor.query<{ held: boolean }>({ text: held }))[0]?.held);
    if (await isHeld(this.database)) return 'held';
    const parent = this.database.tables[table as (typeof PARTITIONED)[number]['table']];
    return this.alone(async (executor) => {
      await executor.query({ text: `LOCK TABLE ONLY ${parent} IN ACCESS EXCLUSIVE MODE` });
      if (await isHeld(executor)) return 'held';
      await executor.query({ text: `DROP TABLE IF EXISTS ${name}` });
      return 'dropped';
    });
  }

  /** Deletes old rows that missed their partition. Locks the rows it deletes; index: the primary key of the default partition. */
  private async deleteStrays({ table, key, rowHeld }: RetentionRule, cutoff: string): Promise<void> {
    const strays = `${this.database.tables[table]}_default`;
    const text = `DELETE FROM ${strays} WHERE ctid = ANY (ARRAY(
                    SELECT r.ctid FROM ${strays} r WHERE r.${key} < '${cutoff}' AND NOT (${rowHeld})
                    LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)) RETURNING ${key}`;
    for (let batch = 0; batch < MAX_BATCHES && !this.rounds.isStopped; batch++) {
      const deleted = await this.alone(async (executor) => (await executor.query({ text })).length);
      if (deleted === 'busy' || deleted < BATCH) return;
    }
  }

  /** Runs `work` in a transaction, unless another process is at such work, or locks cannot be had at once. */
  private async alone<Result>(work: (executor: SqlExecutor) => Promise<Result>): Promise<Result | 'busy'> {
    try {
      return await this.database.transaction(async (executor) => {
        await executor.query({ text: `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'` });
        const [lock] = await executor.query<{ taken: boolean }>({
          text: `SELECT pg_try_advisory_xact_lock(${PARTITION_LOCK}) AS taken`,
        });
        return lock?.taken ? await work(executor) : 'busy';
      });
    } catch (error) {
      if (isLockTimeout(error)) return 'busy';
      throw error;
    }
  }
}
