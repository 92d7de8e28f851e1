// How a webhook's receiver is told that it is us, beside signatures: a SecretBox of it. Null: by signatures alone.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Authentication1764000002100 implements MigrationInterface {
  readonly name = 'Authentication1764000002100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook ADD COLUMN authentication bytea`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook DROP COLUMN authentication`);
  }
}
