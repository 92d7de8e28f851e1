// When each watched source was last heard of, and whether its silence was told: one small row for each, settled in SQL, so
// that of any number of replicas one tells.
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';

/** A source whose silence began, or ended. */
export interface SilenceChange {
  readonly sourceId: string;
  readonly tenantId: string;
  readonly source: string;
  /** When it was last heard of before, or first watched. */
  readonly heardAt: Date;
}

@Injectable()
export class SourceWatchRepository {
  constructor(private readonly database: Database) {}

  /** Whether anything is watched, or was. No locks; index: `source_watched`, and a table that is empty else. */
  async isNeeded(): Promise<boolean> {
    const { source, source_watch } = this.database.tables;
    const [row] = await this.database.query<{ needed: boolean }>({
      name: 'posthorn_source_watch_needed',
      text: `
        SELECT EXISTS (SELECT FROM ${source} WHERE silent_after_seconds IS NOT NULL AND deleted_at IS NULL)
          OR EXISTS (SELECT FROM ${source_watch}) AS needed`,
    });
    return row?.needed ?? false;
  }

  /**
   * Begins and ends watches as sources say, and marks those that fell silent; each is answered to one caller, once until it
   * is heard of again. `slackMs`: how late `noteHeard` may be.
   *
   * Locks the rows it changes; a concurrent call waits for them, and then finds them marked. Index: `source_watched`. Not
   * the query builder: three changes of one table by the same look at another.
   */
  markSilent(executor: SqlExecutor, slackMs: number): Promise<SilenceChange[]> {
    const { source, source_watch } = this.database.tables;
    return executor.query<SilenceChange>(
      {
        text: `
          WITH watched AS (
            SELECT id, tenant_id, name, silent_after_seconds FROM ${source}
            WHERE silent_after_seconds IS NOT NULL AND deleted_at IS NULL
          ), begun AS (
            INSERT INTO ${source_watch} (source_id, tenant_id, heard_at)
            SELECT id, tenant_id, now() FROM watched w WHERE NOT EXISTS (SELECT FROM ${source_watch} WHERE source_id = w.id)
            ON CONFLICT DO NOTHING
          ), ended AS (
            DELETE FROM ${source_watch} s WHERE NOT EXISTS (SELECT FROM watched WHERE id = s.source_id)
          )
          UPDATE ${source_watch} s SET silent = true
          FROM watched w
          WHERE s.source_id = w.id AND NOT s.silent
            AND s.heard_at + w.silent_after_seconds * interval '1 second' + $1 * interval '1 millisecond' < now()
          RETURNING s.source_id AS "sourceId", w.tenant_id AS "tenantId", w.name AS source, s.heard_at AS "heardAt"`,
      },
      [slackMs],
    );
  }

  /**
   * Notes how long ago sources were heard of; the answer is those whose silence that ends. A source that is not watched
   * yet has no row, and needs none.
   *
   * Locks the rows, in the order of their key. Index: the primary keys. The query builder cannot return what a row was.
   */
  noteHeard(executor: SqlExecutor, ago: ReadonlyMap<string, number>): Promise<SilenceChange[]> {
    const { source, source_watch } = this.database.tables;
    return executor.query<SilenceChange>(
      {
        text: `
          WITH heard AS (
            SELECT source_id, now() - ago * interval '1 millisecond' AS heard_at
            FROM unnest($1::uuid[], $2::float8[]) AS h (source_id, ago)
          ), was AS (
            SELECT source_id, tenant_id, heard_at, silent FROM ${source_watch}
            WHERE source_id IN (SELECT source_id FROM heard) ORDER BY source_id FOR UPDATE
          ), noted AS (
            UPDATE ${source_watch} s SET heard_at = greatest(s.heard_at, h.heard_at), silent = false
            FROM heard h JOIN was USING (source_id) WHERE s.source_id = h.source_id
          )
          SELECT was.source_id AS "sourceId", was.tenant_id AS "tenantId", s.name AS source, was.heard_at AS "heardAt"
          FROM was JOIN ${source} s ON s.id = was.source_id WHERE was.silent`,
      },
      [[...ago.keys()], [...ago.values()]],
    );
  }
}
