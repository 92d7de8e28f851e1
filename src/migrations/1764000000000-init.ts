// The first shape of the schema. Big, time-ordered tables are partitioned by their UUIDv7 id; no foreign key points at
// one (it would block dropping a partition), and the two ledgers are not partitioned, because a unique key of a
// partitioned table would have to contain the partition key.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Init1764000000000 implements MigrationInterface {
  readonly name = 'Init1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.tenant (
        id text NOT NULL,
        name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT tenant_pkey PRIMARY KEY (id)
      );
      INSERT INTO ${s}.tenant (id, name) VALUES ('default', 'Default');

      CREATE TABLE ${s}.webhook (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        url text NOT NULL,
        patterns text[] NOT NULL,
        active boolean NOT NULL DEFAULT true,
        disabled_reason text,
        description text,
        headers bytea,
        timeout_ms integer,
        retry_schedule integer[],
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz,
        CONSTRAINT webhook_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES ${s}.tenant (id)
      );
      CREATE INDEX webhook_tenant ON ${s}.webhook (tenant_id, id);
      CREATE INDEX webhook_patterns ON ${s}.webhook USING gin (patterns) WHERE deleted_at IS NULL;

      CREATE TABLE ${s}.webhook_secret (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        webhook_id uuid NOT NULL,
        ciphertext bytea NOT NULL,
        hint text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        CONSTRAINT webhook_secret_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_secret_webhook_fkey FOREIGN KEY (webhook_id) REFERENCES ${s}.webhook (id) ON DELETE CASCADE
      );
      CREATE INDEX webhook_secret_webhook ON ${s}.webhook_secret (webhook_id, id);

      CREATE TABLE ${s}.webhook_health (
        webhook_id uuid NOT NULL,
        tenant_id text NOT NULL,
        consecutive_failures integer NOT NULL,
        failing_since timestamptz NOT NULL,
        warned_percent smallint NOT NULL DEFAULT 0,
        CONSTRAINT webhook_health_pkey PRIMARY KEY (webhook_id),
        CONSTRAINT webhook_health_webhook_fkey FOREIGN KEY (webhook_id) REFERENCES ${s}.webhook (id) ON DELETE CASCADE
      );

      CREATE TABLE ${s}.source (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        provider text NOT NULL,
        config jsonb NOT NULL DEFAULT '{}',
        processing text NOT NULL DEFAULT 'inline',
        relay boolean NOT NULL DEFAULT false,
        tolerance_seconds integer,
        max_body_bytes integer,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz,
        CONSTRAINT source_pkey PRIMARY KEY (id),
        CONSTRAINT source_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES ${s}.tenant (id),
        CONSTRAINT source_processing_check CHECK (processing IN ('inline', 'queued'))
      );
      CREATE UNIQUE INDEX source_name ON ${s}.source (tenant_id, name) WHERE deleted_at IS NULL;

      CREATE TABLE ${s}.source_secret (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        source_id uuid NOT NULL,
        ciphertext bytea NOT NULL,
        hint text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        CONSTRAINT source_secret_pkey PRIMARY KEY (id),
        CONSTRAINT source_secret_source_fkey FOREIGN KEY (source_id) REFERENCES ${s}.source (id) ON DELETE CASCADE
      );
      CREATE INDEX source_secret_source ON ${s}.source_secret (source_id, id);
    `);
    await runner.query(`
      CREATE TABLE ${s}.event (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        type text NOT NULL,
        occurred_at timestamptz NOT NULL,
        data bytea NOT NULL,
        idempotency_key text,
        CONSTRAINT event_pkey PRIMARY KEY (id)
      ) PARTITION BY RANGE (id);
      CREATE INDEX event_tenant ON ${s}.event (tenant_id, id);

      CREATE TABLE ${s}.delivery (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        event_id uuid NOT NULL,
        event_type text NOT NULL,
        webhook_id uuid NOT NULL,
        status text NOT NULL,
        reason text,
        attempt_count integer NOT NULL DEFAULT 0,
        retries_used smallint NOT NULL DEFAULT 0,
        unknown_count smallint NOT NULL DEFAULT 0,
        last_http_status smallint,
        due_at timestamptz,
        replay_of uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        completed_at timestamptz,
        CONSTRAINT delivery_pkey PRIMARY KEY (id),
        CONSTRAINT delivery_status_check CHECK
          (status IN ('pending', 'sending', 'retrying', 'success', 'client_error', 'failed', 'skipped', 'expired'))
      ) PARTITION BY RANGE (id);
      COMMENT ON COLUMN ${s}.delivery.due_at IS
        'pending, retrying: when it may be sent; sending: when its lease ends; otherwise null';
      CREATE INDEX delivery_tenant ON ${s}.delivery (tenant_id, id);
      CREATE INDEX delivery_webhook ON ${s}.delivery (webhook_id, id);
      CREATE INDEX delivery_pending ON ${s}.delivery (webhook_id, id) WHERE status = 'pending';
      CREATE INDEX delivery_sending ON ${s}.delivery (due_at) WHERE status = 'sending';
      CREATE INDEX delivery_retrying ON ${s}.delivery (due_at) WHERE status = 'retrying';
      CREATE INDEX delivery_retrying_webhook ON ${s}.delivery (webhook_id) WHERE status = 'retrying';
      CREATE INDEX delivery_unsuccessful ON ${s}.delivery (tenant_id, status, id)
        WHERE status IN ('client_error', 'failed', 'skipped', 'expired');

      CREATE TABLE ${s}.delivery_attempt (
        delivery_id uuid NOT NULL,
        number integer NOT NULL,
        tenant_id text NOT NULL,
        started_at timestamptz NOT NULL,
        duration_ms integer NOT NULL,
        outcome text NOT NULL,
        http_status smallint,
        error text,
        url text,
        request_headers text,
        response_headers bytea,
        response_body bytea,
        CONSTRAINT delivery_attempt_pkey PRIMARY KEY (delivery_id, number)
      ) PARTITION BY RANGE (delivery_id);

      CREATE TABLE ${s}.received_event (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        source_id uuid NOT NULL,
        source text NOT NULL,
        provider text NOT NULL,
        external_id text NOT NULL,
        type text NOT NULL,
        status text NOT NULL,
        conflict boolean NOT NULL DEFAULT false,
        headers text NOT NULL,
        body bytea NOT NULL,
        occurred_at timestamptz,
        received_at timestamptz NOT NULL DEFAULT now(),
        processed_at timestamptz,
        CONSTRAINT received_event_pkey PRIMARY KEY (id),
        CONSTRAINT received_event_status_check CHECK
          (status IN ('processing', 'processed', 'failed', 'unhandled', 'rejected'))
      ) PARTITION BY RANGE (id);
      CREATE INDEX received_event_tenant ON ${s}.received_event (tenant_id, id);

      CREATE TABLE ${s}.handler_run (
        received_event_id uuid NOT NULL,
        handler text NOT NULL,
        tenant_id text NOT NULL,
        position smallint NOT NULL,
        status text NOT NULL,
        attempt_count integer NOT NULL DEFAULT 0,
        retries_used smallint NOT NULL DEFAULT 0,
        due_at timestamptz,
        error text,
        finished_at timestamptz,
        CONSTRAINT handler_run_pkey PRIMARY KEY (received_event_id, handler),
        CONSTRAINT handler_run_status_check CHECK (status IN ('pending', 'running', 'succeeded', 'failed'))
      ) PARTITION BY RANGE (received_event_id);
      COMMENT ON COLUMN ${s}.handler_run.due_at IS
        'pending, failed: when it may run again; running: when its lease ends; null: no further try of our own';
      CREATE INDEX handler_run_due ON ${s}.handler_run (due_at) WHERE status <> 'succeeded';
    `);
    for (const table of ['event', 'delivery', 'delivery_attempt', 'received_event', 'handler_run']) {
      await runner.query(`CREATE TABLE ${s}.${table}_default PARTITION OF ${s}.${table} DEFAULT`);
    }
    await runner.query(`
      CREATE TABLE ${s}.received_key (
        tenant_id text NOT NULL,
        source_id uuid NOT NULL,
        external_id text NOT NULL,
        received_event_id uuid NOT NULL,
        body_hash bytea NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT received_key_pkey PRIMARY KEY (tenant_id, source_id, external_id)
      );
      CREATE INDEX received_key_seen ON ${s}.received_key (seen_at);

      CREATE TABLE ${s}.idempotency_key (
        tenant_id text NOT NULL,
        scope text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        answer jsonb NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT idempotency_key_pkey PRIMARY KEY (tenant_id, scope, key)
      );
      CREATE INDEX idempotency_key_expires ON ${s}.idempotency_key (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`DROP TABLE ${s}.idempotency_key, ${s}.received_key, ${s}.handler_run, ${s}.received_event,
      ${s}.delivery_attempt, ${s}.delivery, ${s}.event, ${s}.source_secret, ${s}.source, ${s}.webhook_health,
      ${s}.webhook_secret, ${s}.webhook, ${s}.tenant`);
  }
}
