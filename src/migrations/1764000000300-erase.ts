// Erasing the payload of an event. Existing rows are not rewritten: a nullable column without a default costs nothing.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Erase1764000000300 implements MigrationInterface {
  readonly name = 'Erase1764000000300';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.event ADD COLUMN data_erased_at timestamptz;
      COMMENT ON COLUMN ${s}.event.data_erased_at IS 'when the payload was erased; data is empty from then on';
      CREATE INDEX event_erased ON ${s}.event (data_erased_at) WHERE data_erased_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.event DROP COLUMN data_erased_at`);
  }
}
