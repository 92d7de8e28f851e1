// Transformations of webhooks, and what they made of the events of deliveries. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class Transformations1764000002300 implements MigrationInterface {
  readonly name = 'Transformations1764000002300';

  /** text and not json: it is what is signed, byte for byte. */
  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`ALTER TABLE ${s}.webhook ADD COLUMN transformation text`);
    await runner.query(`ALTER TABLE ${s}.delivery ADD COLUMN transformed text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`ALTER TABLE ${s}.delivery DROP COLUMN transformed`);
    await runner.query(`ALTER TABLE ${s}.webhook DROP COLUMN transformation`);
  }
}
