// Who changed what through the API. Rows are never rewritten, whoever has the connection: a trigger refuses it.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class AuditLog1764000001710 implements MigrationInterface {
  readonly name = 'AuditLog1764000001710';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.audit_log (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        resource text NOT NULL,
        changes jsonb NOT NULL DEFAULT '[]',
        request_id text NOT NULL,
        address text,
        CONSTRAINT audit_log_pkey PRIMARY KEY (id)
      );
      CREATE INDEX audit_log_tenant ON ${s}.audit_log (tenant_id, id);
      CREATE INDEX audit_log_resource ON ${s}.audit_log (tenant_id, resource, id);
      CREATE FUNCTION ${s}.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$;
      CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON ${s}.audit_log
        FOR EACH ROW EXECUTE FUNCTION ${s}.refuse_rewriting();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`DROP TABLE ${s}.audit_log; DROP FUNCTION ${s}.refuse_rewriting()`);
  }
}
