// What happened in the last minutes to deliveries that somebody watches, and who watches. Nothing is rewritten.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class LiveEntries1764000002410 implements MigrationInterface {
  readonly name = 'LiveEntries1764000002410';

  /** Unlogged: what a crash of PostgreSQL loses is in the log of deliveries all the same. */
  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`
      CREATE UNLOGGED TABLE ${s}.live_entry (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        kind text NOT NULL,
        data text NOT NULL,
        CONSTRAINT live_entry_pkey PRIMARY KEY (tenant_id, id)
      );
      CREATE UNLOGGED TABLE ${s}.live_follower (
        tenant_id text NOT NULL,
        until timestamptz NOT NULL,
        CONSTRAINT live_follower_pkey PRIMARY KEY (tenant_id)
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner.connection);
    await runner.query(`DROP TABLE ${s}.live_follower, ${s}.live_entry`);
  }
}
