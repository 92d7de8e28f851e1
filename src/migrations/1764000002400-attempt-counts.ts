// What became of attempts, counted as it is written: fresh counts beside the attempts, then by minute and by hour. Nothing
// is rewritten; what was attempted before is not counted.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class AttemptCounts1764000002400 implements MigrationInterface {
  readonly name = 'AttemptCounts1764000002400';

  /**
   * attempt_count has no key: settling appends to it, and waits for nobody. Emptied every few seconds, it is vacuumed as often
   * as PostgreSQL looks, and keeps its pages: giving them back would lock out who settles. The other two have a row for each
   * webhook, each event type, both together, and neither: `''` and the nil UUID stand for all. Their counters alone change, and
   * are in no index, hence the room that is left for new versions on the same page.
   */
  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE TABLE ${s}.attempt_count (
        at timestamptz NOT NULL,
        tenant_id text NOT NULL,
        webhook_id uuid NOT NULL,
        event_type text NOT NULL,
        outcome text NOT NULL,
        latency smallint NOT NULL,
        attempts integer NOT NULL
      ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, vacuum_truncate = false);
      COMMENT ON COLUMN ${s}.attempt_count.latency IS 'the place of its duration among the bounds in latency.ts'
    `);
    for (const table of ['attempt_minute', 'attempt_hour'])
      await runner.query(`
        CREATE TABLE ${s}.${table} (
          at timestamptz NOT NULL,
          tenant_id text NOT NULL,
          webhook_id uuid NOT NULL,
          event_type text NOT NULL,
          outcome text NOT NULL,
          latency smallint NOT NULL,
          attempts integer NOT NULL,
          CONSTRAINT ${table}_pkey PRIMARY KEY (tenant_id, webhook_id, event_type, at, outcome, latency)
        ) WITH (fillfactor = 80);
        CREATE INDEX ${table}_at ON ${s}.${table} (at)
      `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`DROP TABLE ${s}.attempt_hour, ${s}.attempt_minute, ${s}.attempt_count`);
  }
}
