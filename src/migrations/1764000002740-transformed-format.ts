// In which format what is sent in the place of an event was written, so that every attempt says of the same bytes the same. Nothing
// is rewritten; where the version before this one stored the bytes it stays empty, and they are in the format of the webhook.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class TransformedFormat1764000002740 implements MigrationInterface {
  readonly name = 'TransformedFormat1764000002740';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.delivery ADD COLUMN transformed_format text;
      COMMENT ON COLUMN ${s}.delivery.transformed_format IS 'the payload format of transformed; null: that of the webhook'
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`ALTER TABLE ${s}.delivery DROP COLUMN transformed_format`);
  }
}
