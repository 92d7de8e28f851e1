// Tenants that are being erased. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class TenantDeletion1764000001720 implements MigrationInterface {
  readonly name = 'TenantDeletion1764000001720';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.tenant ADD COLUMN deleted_at timestamptz;
      CREATE INDEX tenant_deleted ON ${s}.tenant (id) WHERE deleted_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`DROP INDEX ${s}.tenant_deleted; ALTER TABLE ${s}.tenant DROP COLUMN deleted_at`);
  }
}
