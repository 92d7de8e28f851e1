// With which delivery an open circuit probes, where somebody waits for it. Nothing is rewritten; the version before this one
// leaves it empty, and looks for test events among the newest deliveries.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Probes1764000002730 implements MigrationInterface {
  readonly name = 'Probes1764000002730';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.webhook_health ADD COLUMN probe_id uuid;
      COMMENT ON COLUMN ${s}.webhook_health.probe_id IS
        'the delivery that somebody asked for last, by a test event or a retry by hand: while it is pending, it is what probes';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook_health DROP COLUMN probe_id`);
  }
}
