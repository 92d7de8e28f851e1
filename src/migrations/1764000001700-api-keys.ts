// Keys of the API, with scopes. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class ApiKeys1764000001700 implements MigrationInterface {
  readonly name = 'ApiKeys1764000001700';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.api_key (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        prefix text NOT NULL,
        fingerprint bytea NOT NULL,
        scopes text[] NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT api_key_pkey PRIMARY KEY (id),
        CONSTRAINT api_key_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES ${s}.tenant (id)
      );
      CREATE INDEX api_key_tenant ON ${s}.api_key (tenant_id, id);
      CREATE INDEX api_key_prefix ON ${s}.api_key (prefix);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${schemaOf(runner.connection)}.api_key`);
  }
}
