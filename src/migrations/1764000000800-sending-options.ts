// Until when a delivery is worth sending, and how often it may be sent. Nullable columns and constant defaults: existing
// rows are not rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class SendingOptions1764000000800 implements MigrationInterface {
  readonly name = 'SendingOptions1764000000800';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.event ADD COLUMN expires_after_ms integer;
      COMMENT ON COLUMN ${s}.event.expires_after_ms IS 'null: as long as the webhook says';

      ALTER TABLE ${s}.webhook
        ADD COLUMN expires_after_ms integer,
        ADD COLUMN guarantee text NOT NULL DEFAULT 'at-least-once',
        ADD CONSTRAINT webhook_guarantee_check CHECK (guarantee IN ('at-least-once', 'at-most-once'));

      ALTER TABLE ${s}.delivery ADD COLUMN expires_at timestamptz;
      COMMENT ON COLUMN ${s}.delivery.expires_at IS 'no attempt begins after this; null: it is worth sending for ever';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.delivery DROP COLUMN expires_at;
      ALTER TABLE ${s}.webhook DROP COLUMN guarantee, DROP COLUMN expires_after_ms;
      ALTER TABLE ${s}.event DROP COLUMN expires_after_ms;
    `);
  }
}
