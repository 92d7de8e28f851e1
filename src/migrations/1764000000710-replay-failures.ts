// How many of a webhook's failures in a row were those of replays: they do not count towards disabling it.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class ReplayFailures1764000000710 implements MigrationInterface {
  readonly name = 'ReplayFailures1764000000710';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE ${schemaOf(runner.connection)}.webhook_health ADD COLUMN replay_failures integer NOT NULL DEFAULT 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner.connection)}.webhook_health DROP COLUMN replay_failures`);
  }
}
