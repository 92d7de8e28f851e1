// Deliveries of test events, told from others. Nothing is rewritten: the default is kept in the catalogue.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class TestDeliveries1764000001400 implements MigrationInterface {
  readonly name = 'TestDeliveries1764000001400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE ${schemaOf(runner.connection)}.delivery ADD COLUMN is_test boolean NOT NULL DEFAULT false`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.delivery DROP COLUMN is_test`);
  }
}
