// Filters of webhooks, and the tags of events that they look at. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class EventFilters1764000002000 implements MigrationInterface {
  readonly name = 'EventFilters1764000002000';

  /** json and not jsonb: a filter is shown as it was given. */
  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.webhook
        ADD COLUMN filter json,
        ADD COLUMN filter_id uuid,
        ADD CONSTRAINT webhook_filter_check CHECK ((filter IS NULL) = (filter_id IS NULL))
    `);
    await runner.query(`ALTER TABLE ${s}.event ADD COLUMN tags text[]`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`ALTER TABLE ${s}.event DROP COLUMN tags`);
    await runner.query(`ALTER TABLE ${s}.webhook DROP COLUMN filter, DROP COLUMN filter_id`);
  }
}
