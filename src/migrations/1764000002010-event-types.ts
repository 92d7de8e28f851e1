// The catalogue of event types.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class EventTypes1764000002010 implements MigrationInterface {
  readonly name = 'EventTypes1764000002010';

  /** json and not jsonb: schemas and examples are shown as they were given. */
  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.event_type (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        description text,
        schema json,
        schema_id uuid,
        example json,
        version text,
        deprecated boolean NOT NULL DEFAULT false,
        archived boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT event_type_pkey PRIMARY KEY (id),
        CONSTRAINT event_type_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES ${s}.tenant (id)
      );
      CREATE INDEX event_type_tenant ON ${s}.event_type (tenant_id, id);
      CREATE UNIQUE INDEX event_type_name ON ${s}.event_type (tenant_id, name);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${schemaOf(runner.connection)}.event_type`);
  }
}
