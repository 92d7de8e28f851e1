// Signing secrets that are private keys: what is public of them. Null: the secret is shared.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class PublicKeys1764000001800 implements MigrationInterface {
  readonly name = 'PublicKeys1764000001800';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook_secret ADD COLUMN public_key text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook_secret DROP COLUMN public_key`);
  }
}
