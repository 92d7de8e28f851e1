// The pause that a receiver asked for is known apart from that of its circuit, so that a success ends only the latter. The
// version before this one leaves it empty: a pause that it writes may end with the first success.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class AskedPauses1764000002720 implements MigrationInterface {
  readonly name = 'AskedPauses1764000002720';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    // Where no circuit has opened, the receiver asked for the pause that runs. Few webhooks pause: a few rows.
    await runner.query(`
      ALTER TABLE ${s}.webhook_health ADD COLUMN asked_until timestamptz;
      COMMENT ON COLUMN ${s}.webhook_health.asked_until IS
        'its receiver asked for nothing to be sent before this; paused_until is no earlier';
      UPDATE ${s}.webhook_health SET asked_until = paused_until WHERE times_opened = 0 AND paused_until > now();
      ${beginAnew(s, 'paused_until = NULL, asked_until = NULL')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ${beginAnew(s, 'paused_until = NULL')};
      ALTER TABLE ${s}.webhook_health DROP COLUMN asked_until;
    `);
  }
}

const beginAnew = (s: string, pauses: string): string => `
      CREATE OR REPLACE FUNCTION ${s}.begin_anew() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE ${s}.webhook_health SET consecutive_failures = 0, replay_failures = 0, failing_since = now(), times_opened = 0,
            ${pauses}, warned_percent = least(warned_percent, 1)
          WHERE webhook_id = NEW.id;
          RETURN NULL;
        END $$`;
