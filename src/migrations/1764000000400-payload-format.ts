// In which format a webhook gets its events. A constant default: existing rows are not rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class PayloadFormat1764000000400 implements MigrationInterface {
  readonly name = 'PayloadFormat1764000000400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE ${schemaOf(runner.connection)}.webhook
        ADD COLUMN format text NOT NULL DEFAULT 'native',
        ADD CONSTRAINT webhook_format_check CHECK (format IN ('native', 'cloudevents-structured', 'cloudevents-binary'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook DROP COLUMN format`);
  }
}
