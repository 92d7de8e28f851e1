// How much a tenant may have, where the installation's limits are not right for it. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class TenantQuotas1764000001730 implements MigrationInterface {
  readonly name = 'TenantQuotas1764000001730';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`ALTER TABLE ${s}.tenant ADD COLUMN max_webhooks integer, ADD COLUMN max_sources integer`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`ALTER TABLE ${s}.tenant DROP COLUMN max_webhooks, DROP COLUMN max_sources`);
  }
}
