// Where the time of attempts went. Nothing is rewritten: of what was attempted before, it is not known.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class AttemptTiming1764000002500 implements MigrationInterface {
  readonly name = 'AttemptTiming1764000002500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.delivery_attempt ADD COLUMN timing text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.delivery_attempt DROP COLUMN timing`);
  }
}
