// What waits of a tenant is found like what failed: by its status. A tenant with thousands of webhooks was asked about each of
// them, in every partition. Of the hot path only what cannot be claimed as it is stored gets an entry more.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class StatusesOfATenant1764000002780 implements MigrationInterface {
  readonly name = 'StatusesOfATenant1764000002780';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_unsuccessful;
      CREATE INDEX delivery_status ON ${s}.delivery (tenant_id, status, id)
        WHERE status IN ('pending', 'retrying', 'client_error', 'failed', 'skipped', 'expired');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_status;
      CREATE INDEX delivery_unsuccessful ON ${s}.delivery (tenant_id, status, id)
        WHERE status IN ('client_error', 'failed', 'skipped', 'expired', 'retrying');
    `);
  }
}
