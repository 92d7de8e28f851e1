// Replays that were asked for, and how far each has come. The two indexes hold replayed deliveries alone: first
// deliveries, the hot path, do not pay for them.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Replay1764000000200 implements MigrationInterface {
  readonly name = 'Replay1764000000200';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.replay (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        webhook_id uuid NOT NULL,
        since_id uuid NOT NULL,
        until_id uuid NOT NULL,
        statuses text[] NOT NULL,
        last_id uuid,
        total integer NOT NULL,
        made integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT replay_pkey PRIMARY KEY (id),
        CONSTRAINT replay_webhook_fkey FOREIGN KEY (webhook_id) REFERENCES ${s}.webhook (id) ON DELETE CASCADE
      );
      COMMENT ON COLUMN ${s}.replay.last_id IS 'the last delivery looked at; null before the first';
      CREATE INDEX replay_unfinished ON ${s}.replay (webhook_id, id) WHERE finished_at IS NULL;

      CREATE INDEX delivery_replayed ON ${s}.delivery (event_id) WHERE replay_of IS NOT NULL;
      CREATE INDEX delivery_replayed_pending ON ${s}.delivery (webhook_id)
        WHERE status = 'pending' AND replay_of IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_replayed_pending;
      DROP INDEX ${s}.delivery_replayed;
      DROP TABLE ${s}.replay;
    `);
  }
}
