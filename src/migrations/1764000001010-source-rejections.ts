// What sources turned away, by hour and reason.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class SourceRejections1764000001010 implements MigrationInterface {
  readonly name = 'SourceRejections1764000001010';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.source_rejection (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        source_id uuid NOT NULL,
        reason text NOT NULL,
        hour timestamptz NOT NULL,
        count integer NOT NULL,
        last_at timestamptz NOT NULL,
        samples jsonb NOT NULL,
        CONSTRAINT source_rejection_pkey PRIMARY KEY (id)
      );
      CREATE UNIQUE INDEX source_rejection_hour ON ${s}.source_rejection (source_id, reason, hour);
      CREATE INDEX source_rejection_source ON ${s}.source_rejection (source_id, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${schemaOf(runner.connection)}.source_rejection`);
  }
}
