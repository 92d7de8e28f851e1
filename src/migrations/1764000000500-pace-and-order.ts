// How fast, how many at once and in which order a webhook is sent to, across all processes. Nothing is rewritten: new
// columns are null or constant, and the new index holds only rows that are made from now on.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class PaceAndOrder1764000000500 implements MigrationInterface {
  readonly name = 'PaceAndOrder1764000000500';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.webhook
        ADD COLUMN rate_limit_max integer,
        ADD COLUMN rate_limit_seconds integer,
        ADD COLUMN ordered boolean NOT NULL DEFAULT false;

      CREATE TABLE ${s}.webhook_pace (
        webhook_id uuid NOT NULL,
        tenant_id text NOT NULL,
        claims bigint NOT NULL DEFAULT 0,
        claimed_at timestamptz[] NOT NULL DEFAULT '{}',
        claimed integer[] NOT NULL DEFAULT '{}',
        CONSTRAINT webhook_pace_pkey PRIMARY KEY (webhook_id),
        CONSTRAINT webhook_pace_webhook_fkey FOREIGN KEY (webhook_id) REFERENCES ${s}.webhook (id) ON DELETE CASCADE
      );
      COMMENT ON TABLE ${s}.webhook_pace IS 'one row for each webhook with limits, locked by whoever claims for it';
      COMMENT ON COLUMN ${s}.webhook_pace.claims IS 'claims so far: tells a claim whose snapshot is too old that it is';
      COMMENT ON COLUMN ${s}.webhook_pace.claimed_at IS 'the last claim of each slice of the window of its rate limit';
      COMMENT ON COLUMN ${s}.webhook_pace.claimed IS 'attempts claimed in each of these slices';

      ALTER TABLE ${s}.event ADD COLUMN ordering_key text;
      ALTER TABLE ${s}.delivery ADD COLUMN lane bigint;
      COMMENT ON COLUMN ${s}.delivery.lane IS
        'hash of the ordering key; deliveries of a webhook in one lane are sent one after the other; null: in any order';
      CREATE INDEX delivery_lane ON ${s}.delivery
        (webhook_id, lane, (status <> 'sending'), (CASE WHEN replay_of IS NULL THEN event_id ELSE id END))
        WHERE coalesce(lane IS NOT NULL AND status IN ('pending', 'sending', 'retrying')
                       AND (status <> 'retrying' OR attempt_count > 0), false);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.delivery DROP COLUMN lane;
      ALTER TABLE ${s}.event DROP COLUMN ordering_key;
      DROP TABLE ${s}.webhook_pace;
      ALTER TABLE ${s}.webhook DROP COLUMN rate_limit_max, DROP COLUMN rate_limit_seconds, DROP COLUMN ordered;
    `);
  }
}
