// Runs of one handler that must not be beside each other: who is at work in a lane, and who waits for it.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class HandlerLane1764000001110 implements MigrationInterface {
  readonly name = 'HandlerLane1764000001110';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.handler_lane (
        tenant_id text NOT NULL,
        handler text NOT NULL,
        key text NOT NULL,
        received_event_id uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT handler_lane_pkey PRIMARY KEY (tenant_id, handler, key)
      );
      ALTER TABLE ${s}.handler_run ADD COLUMN serial_key text;
      CREATE INDEX handler_run_serial ON ${s}.handler_run (tenant_id, handler, serial_key, received_event_id)
        WHERE serial_key IS NOT NULL AND status = 'pending';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.handler_run_serial;
      ALTER TABLE ${s}.handler_run DROP COLUMN serial_key;
      DROP TABLE ${s}.handler_lane;
    `);
  }
}
