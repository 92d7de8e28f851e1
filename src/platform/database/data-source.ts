// A data source whose migrations may be run by any number of replicas at once: TypeORM takes no lock of its own, and
// cannot put its bookkeeping table into a schema that does not exist yet.
import { DataSource } from 'typeorm';
import type { Migration } from 'typeorm';
import { missingProtection, protectTenants } from './row-level-security.js';
import { schemaOf } from './schema.js';

/** The name under which Nest knows our data source, so that a host's own (unnamed) one is left alone. */
export const DATA_SOURCE = 'posthorn';

// "posthorn" on a telephone keypad; the same in every version, so old and new replicas wait for each other.
const MIGRATION_LOCK = 76_784_676;

export class PosthornDataSource extends DataSource {
  /** Runs what is missing, once, however many processes ask at the same moment: the lock is held throughout. */
  override async runMigrations(options?: Parameters<DataSource['runMigrations']>[0]): Promise<Migration[]> {
    const lock = this.createQueryRunner();
    try {
      await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      await lock.query(`CREATE SCHEMA IF NOT EXISTS ${schemaOf(this)}`);
      const done = await super.runMigrations(options);
      // For tables that came after the migration that began it, and for a login that has got the right since.
      if (await missingProtection(lock)) await protectTenants(lock);
      return done;
    } finally {
      // A lost connection has released the lock by itself; failing here would hide the error that matters.
      await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
      await lock.release();
    }
  }
}
