// What is left of a source's rate, for all replicas together. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class SourceRate1764000001950 implements MigrationInterface {
  readonly name = 'SourceRate1764000001950';

  /** Unlogged: taking of it waits for no disk, and what a crash of PostgreSQL loses is a limit that starts anew. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE UNLOGGED TABLE ${schemaOf(runner.connection)}.source_rate (
        source_id uuid NOT NULL,
        tenant_id text NOT NULL,
        tokens double precision NOT NULL,
        granted integer NOT NULL,
        filled_at timestamptz NOT NULL,
        CONSTRAINT source_rate_pkey PRIMARY KEY (source_id)
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${schemaOf(runner.connection)}.source_rate`);
  }
}
