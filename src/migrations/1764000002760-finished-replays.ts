// Replays that were finished long ago are found without reading the others: they are looked for each time that one ends.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class FinishedReplays1764000002760 implements MigrationInterface {
  readonly name = 'FinishedReplays1764000002760';

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`CREATE INDEX replay_finished ON ${s}.replay (finished_at) WHERE finished_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX ${schemaOf(runner.connection)}.replay_finished`);
  }
}
