// What a source may set for itself. Null: the default, the provider's where it has one. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class SourceSettings1764000001000 implements MigrationInterface {
  readonly name = 'SourceSettings1764000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE ${schemaOf(runner.connection)}.source
        ADD COLUMN read_timeout_ms integer,
        ADD COLUMN idempotency_window_seconds integer,
        ADD COLUMN rate_limit_max integer,
        ADD COLUMN rate_limit_seconds integer,
        ADD COLUMN allowed_ips text[],
        ADD COLUMN answer jsonb
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE ${schemaOf(runner.connection)}.source
        DROP COLUMN read_timeout_ms,
        DROP COLUMN idempotency_window_seconds,
        DROP COLUMN rate_limit_max,
        DROP COLUMN rate_limit_seconds,
        DROP COLUMN allowed_ips,
        DROP COLUMN answer
    `);
  }
}
