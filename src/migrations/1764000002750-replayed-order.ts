// The replayed deliveries of an event in the order of their ids: any number of replays may make some, so the newest are to be
// found without reading all.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class ReplayedOrder1764000002750 implements MigrationInterface {
  readonly name = 'ReplayedOrder1764000002750';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_replayed;
      CREATE INDEX delivery_replayed ON ${s}.delivery (event_id, id) WHERE replay_of IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      DROP INDEX ${s}.delivery_replayed;
      CREATE INDEX delivery_replayed ON ${s}.delivery (event_id) WHERE replay_of IS NOT NULL;
    `);
  }
}
