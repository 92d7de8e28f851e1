// A webhook that is enabled, or gets another URL, begins anew: its failures are forgotten by whatever changes it, in the same
// transaction. Nothing is rewritten; the version before this one forgets them a second time.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class WebhookBeginsAnew1764000002710 implements MigrationInterface {
  readonly name = 'WebhookBeginsAnew1764000002710';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    // The row stays, and with it that its owner is still to be told of the first success.
    await runner.query(`
      CREATE FUNCTION ${s}.begin_anew() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE ${s}.webhook_health SET consecutive_failures = 0, replay_failures = 0, failing_since = now(), times_opened = 0,
            paused_until = NULL, warned_percent = least(warned_percent, 1)
          WHERE webhook_id = NEW.id;
          RETURN NULL;
        END $$;
      CREATE TRIGGER webhook_begins_anew AFTER UPDATE OF active, url ON ${s}.webhook FOR EACH ROW
        WHEN ((NEW.active AND NOT OLD.active) OR NEW.url <> OLD.url) EXECUTE FUNCTION ${s}.begin_anew();
      COMMENT ON COLUMN ${s}.webhook_health.warned_percent IS
        'the share of the rule at which a warning was given last; 1: none, but the owner was told of failures or that it is disabled'
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`DROP TRIGGER webhook_begins_anew ON ${s}.webhook; DROP FUNCTION ${s}.begin_anew()`);
  }
}
