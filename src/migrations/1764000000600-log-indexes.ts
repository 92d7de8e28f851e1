// Two questions to the delivery log that no index answered. Both indexes hold what went wrong alone: a delivery that
// succeeds at its first attempt, the hot path, writes nothing to them.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class LogIndexes1764000000600 implements MigrationInterface {
  readonly name = 'LogIndexes1764000000600';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_unsuccessful;
      CREATE INDEX delivery_unsuccessful ON ${s}.delivery (tenant_id, status, id)
        WHERE status IN ('client_error', 'failed', 'skipped', 'expired', 'retrying');
      CREATE INDEX delivery_http_status ON ${s}.delivery (tenant_id, last_http_status, id)
        WHERE last_http_status >= 300;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_http_status;
      DROP INDEX ${s}.delivery_unsuccessful;
      CREATE INDEX delivery_unsuccessful ON ${s}.delivery (tenant_id, status, id)
        WHERE status IN ('client_error', 'failed', 'skipped', 'expired');
    `);
  }
}
