// Links to the dashboard of one tenant. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class PortalSessions1764000002350 implements MigrationInterface {
  readonly name = 'PortalSessions1764000002350';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.portal_session (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        fingerprint bytea NOT NULL,
        sections text[] NOT NULL,
        read_only boolean NOT NULL,
        user_name text,
        theme jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT portal_session_pkey PRIMARY KEY (id),
        CONSTRAINT portal_session_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES ${s}.tenant (id)
      );
      CREATE INDEX portal_session_tenant ON ${s}.portal_session (tenant_id, expires_at);
      CREATE INDEX portal_session_fingerprint ON ${s}.portal_session (fingerprint);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${schemaOf(runner.connection)}.portal_session`);
  }
}
