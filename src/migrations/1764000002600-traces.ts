// The trace that events were dispatched or received in. Nothing is rewritten; the version before this one leaves it empty.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Traces1764000002600 implements MigrationInterface {
  readonly name = 'Traces1764000002600';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    for (const [table, did] of [
      ['event', 'dispatched'],
      ['received_event', 'received'],
    ])
      await runner.query(`
        ALTER TABLE ${s}.${table} ADD COLUMN traceparent text;
        COMMENT ON COLUMN ${s}.${table}.traceparent IS 'the span that ${did} it; null: nobody traced that'
      `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    for (const table of ['event', 'received_event'])
      await runner.query(`ALTER TABLE ${s}.${table} DROP COLUMN traceparent`);
  }
}
