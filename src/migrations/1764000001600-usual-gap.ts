// Sources whose silence is judged by their own rhythm. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class UsualGap1764000001600 implements MigrationInterface {
  readonly name = 'UsualGap1764000001600';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.source ADD COLUMN silent_after_gaps integer;
      ALTER TABLE ${s}.source_watch
        ADD COLUMN begun_at timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN gap_ms double precision NOT NULL DEFAULT 0,
        ADD COLUMN gaps integer NOT NULL DEFAULT -1,
        ADD COLUMN told_ms double precision NOT NULL DEFAULT 0,
        ADD COLUMN usual_gap_ms double precision NOT NULL DEFAULT 86400000;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.source DROP COLUMN silent_after_gaps;
      ALTER TABLE ${s}.source_watch
        DROP COLUMN begun_at, DROP COLUMN gap_ms, DROP COLUMN gaps, DROP COLUMN told_ms, DROP COLUMN usual_gap_ms;
    `);
  }
}
