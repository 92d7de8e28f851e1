// A data source whose migrations may be run by any number of replicas at once, and while the version before them still sends. By
// itself, TypeORM takes no lock, waits for the locks of others without end, and cannot put its bookkeeping table into a schema
// that does not exist yet.
import { Logger } from '@nestjs/common';
import { DataSource, MigrationExecutor } from 'typeorm';
import type { Migration } from 'typeorm';
import { LOCK_TIMEOUT, untilLocked } from './lock-patience.js';
import { missingProtection, protectTenants } from './row-level-security.js';
import { schemaOf } from './schema.js';

/** The name under which Nest knows our data source, so that a host's own (unnamed) one is left alone. */
export const DATA_SOURCE = 'posthorn';

// "posthorn" on a telephone keypad; the same in every version, so old and new replicas wait for each other.
const MIGRATION_LOCK = 76_784_676;

/** Ten times as long as a statement waits for its lock: the others get most of the time. */
const PAUSE_MS = 1_000;
const GIVE_UP_AFTER_MS = 600_000;

/** Tries between two lines in the log. */
const TELL_EVERY = 30;

/**
 * A TypeORM data source whose migrations any number of processes may run at once, while the version before still sends. For an
 * application that migrates with its own tools; with `PosthornModule` there is nothing to be done.
 *
 * @example
 * await new PosthornDataSource(dataSourceOptions({ url: 'postgres://…' })).initialize().then((db) => db.runMigrations());
 */
export class PosthornDataSource extends DataSource {
  /**
   * Runs what is missing, once, however many processes ask at the same moment: the lock is held throughout. Each migration is a
   * transaction of its own, so that what it has locked is soon free again, and waits for its locks briefly and often.
   *
   * @throws LockNotHadError where a table is read by one transaction for ten minutes.
   */
  override async runMigrations(options?: Parameters<DataSource['runMigrations']>[0]): Promise<Migration[]> {
    const runner = this.createQueryRunner();
    try {
      await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      await runner.query(`CREATE SCHEMA IF NOT EXISTS ${schemaOf(this)}`);
      await runner.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
      const executor = new MigrationExecutor(this, runner);
      executor.transaction = options?.transaction ?? 'each';
      executor.fake = options?.fake ?? false;
      const missing = await executor.getPendingMigrations();
      await patiently(() => executor.executePendingMigrations());
      // For tables that came after the migration that began it, and for a login that has got the right since.
      if (await missingProtection(runner)) await patiently(() => protectTenants(runner));
      return missing;
    } finally {
      // A lost connection has released the lock by itself; failing here would hide the error that matters.
      await runner.query('RESET lock_timeout').catch(() => undefined);
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
      await runner.release();
    }
  }
}

function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  const logger = new Logger('Migrations');
  let tries = 0;
  const onWait = (): void => {
    if (tries++ % TELL_EVERY > 0) return;
    logger.warn(
      'A migration waits for a table that a transaction is reading. Sending goes on meanwhile; it comes again every second.',
    );
  };
  return untilLocked(work, { pauseMs: PAUSE_MS, giveUpAfterMs: GIVE_UP_AFTER_MS, onWait });
}
