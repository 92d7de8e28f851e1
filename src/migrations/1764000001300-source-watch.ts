// Sources whose silence is told. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class SourceWatch1764000001300 implements MigrationInterface {
  readonly name = 'SourceWatch1764000001300';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.source ADD COLUMN silent_after_seconds integer;
      CREATE INDEX source_watched ON ${s}.source (id) WHERE silent_after_seconds IS NOT NULL AND deleted_at IS NULL;
      CREATE TABLE ${s}.source_watch (
        source_id uuid NOT NULL,
        tenant_id text NOT NULL,
        heard_at timestamptz NOT NULL,
        silent boolean NOT NULL DEFAULT false,
        CONSTRAINT source_watch_pkey PRIMARY KEY (source_id)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP TABLE ${s}.source_watch;
      DROP INDEX ${s}.source_watched;
      ALTER TABLE ${s}.source DROP COLUMN silent_after_seconds;
    `);
  }
}
