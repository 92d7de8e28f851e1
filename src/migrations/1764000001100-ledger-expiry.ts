// An entry of the ledger knows when its window ends, since sources have windows of their own. The previous version, which
// says nothing of it, has its entries kept for a day, the window that most installations have.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class LedgerExpiry1764000001100 implements MigrationInterface {
  readonly name = 'LedgerExpiry1764000001100';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      ALTER TABLE ${s}.received_key ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day';
      CREATE INDEX received_key_expires ON ${s}.received_key (expires_at);
      DROP INDEX ${s}.received_key_seen;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE INDEX received_key_seen ON ${s}.received_key (seen_at);
      DROP INDEX ${s}.received_key_expires;
      ALTER TABLE ${s}.received_key DROP COLUMN expires_at;
    `);
  }
}
