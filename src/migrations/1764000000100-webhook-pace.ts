// How fast a webhook may be sent to: limits that its owner sets, and pauses that its receiver's answers bring about.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class WebhookPace1764000000100 implements MigrationInterface {
  readonly name = 'WebhookPace1764000000100';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.webhook ADD COLUMN max_in_flight integer;

      ALTER TABLE ${s}.webhook_health
        ADD COLUMN paused_until timestamptz,
        ADD COLUMN times_opened smallint NOT NULL DEFAULT 0;
      COMMENT ON COLUMN ${s}.webhook_health.paused_until IS 'nothing is claimed for the webhook before this';
      COMMENT ON COLUMN ${s}.webhook_health.times_opened IS
        'how often in a row the circuit opened; above 0 only one delivery at a time probes';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.webhook_health DROP COLUMN paused_until, DROP COLUMN times_opened;
      ALTER TABLE ${s}.webhook DROP COLUMN max_in_flight;
    `);
  }
}
