// What is pending is walked by an index whose order no other index has. In the order of delivery_webhook, either of the two
// could serve a claim, and where nearly everything was pending when PostgreSQL last analysed the table, it chose that one:
// with all that a webhook was ever sent.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class PendingOrder1764000002150 implements MigrationInterface {
  readonly name = 'PendingOrder1764000002150';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_pending;
      CREATE INDEX delivery_pending ON ${s}.delivery (webhook_id DESC, id) WHERE status = 'pending';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_pending;
      CREATE INDEX delivery_pending ON ${s}.delivery (webhook_id, id) WHERE status = 'pending';
    `);
  }
}
