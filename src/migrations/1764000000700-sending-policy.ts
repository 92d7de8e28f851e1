// How failures are treated, per webhook and per tenant. Null: what the less specific one says. Existing rows are not
// rewritten: nullable columns without a default cost nothing.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

const SHARED = ['retry_jitter', 'max_retry_wait_ms', 'retry_statuses', 'auto_disable'];

export class SendingPolicy1764000000700 implements MigrationInterface {
  readonly name = 'SendingPolicy1764000000700';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    const shared = `
      ADD COLUMN retry_jitter double precision,
      ADD COLUMN max_retry_wait_ms integer,
      ADD COLUMN retry_statuses text[],
      ADD COLUMN auto_disable text`;
    await runner.query(`
      ALTER TABLE ${s}.webhook ${shared};
      ALTER TABLE ${s}.tenant ADD COLUMN timeout_ms integer, ADD COLUMN retry_schedule integer[], ${shared};
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    const drop = (columns: readonly string[]): string => columns.map((column) => `DROP COLUMN ${column}`).join(', ');
    await runner.query(`
      ALTER TABLE ${s}.tenant ${drop(['timeout_ms', 'retry_schedule', ...SHARED])};
      ALTER TABLE ${s}.webhook ${drop(SHARED)};
    `);
  }
}
