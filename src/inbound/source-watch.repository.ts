// When each watched source was last heard of, and whether its silence was told: one small row for each, settled in SQL, so
// that of any number of replicas one tells.
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { withPause } from './usual-gap.js';
import type { Rhythm } from './usual-gap.js';

/** A source whose silence began, or ended. */
export interface SilenceChange {
  readonly sourceId: string;
  readonly tenantId: string;
  readonly source: string;
  /** When it was last heard of before, or first watched. */
  readonly heardAt: Date;
}

/** A watch, at a moment when its source is heard of. */
interface WatchRow extends SilenceChange, Rhythm {
  readonly silent: boolean;
  readonly silentAfterMs: number;
  readonly pauseMs: number;
  readonly watchedMs: number;
}

/** After how long the source `w` of the watch `s` is silent. */
const SILENT_AFTER_MS = 'greatest(w.silent_after_seconds * 1000::float8, w.silent_after_gaps * s.usual_gap_ms)';

const millisecondsBetween = (earlier: string, later: string): string =>
  `(extract(epoch FROM ${later} - ${earlier}) * 1000)::float8`;

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
            SELECT id, tenant_id, name, silent_after_seconds, silent_after_gaps FROM ${source}
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
            AND s.heard_at + (${SILENT_AFTER_MS} + $1) * interval '1 millisecond' < now()
          RETURNING s.source_id AS "sourceId", w.tenant_id AS "tenantId", w.name AS source, s.heard_at AS "heardAt"`,
      },
      [slackMs],
    );
  }

  /**
   * Notes how long ago sources were heard of, and what that says of their rhythm; the answer is those whose silence that
   * ends. A source that is not watched yet has no row, and needs none.
   *
   * Locks the rows, in the order of their key, until the caller's transaction ends. Index: the primary keys. The query
   * builder cannot join what is given.
   */
  async noteHeard(executor: SqlExecutor, ago: ReadonlyMap<string, number>): Promise<SilenceChange[]> {
    const { source, source_watch } = this.database.tables;
    const watches = await executor.query<WatchRow>(
      {
        text: `
          SELECT s.source_id AS "sourceId", s.tenant_id AS "tenantId", w.name AS source, s.heard_at AS "heardAt", s.silent,
            s.gap_ms AS "gapMs", s.gaps, s.told_ms AS "toldMs", s.usual_gap_ms AS "usualGapMs",
            ${SILENT_AFTER_MS} AS "silentAfterMs", ${millisecondsBetween('s.heard_at', 'h.heard_at')} AS "pauseMs",
            ${millisecondsBetween('s.begun_at', 'h.heard_at')} AS "watchedMs"
          FROM (SELECT source_id, now() - ago * interval '1 millisecond' AS heard_at
              FROM unnest($1::uuid[], $2::float8[]) AS h (source_id, ago)) h
            JOIN ${source_watch} s USING (source_id) JOIN ${source} w ON w.id = s.source_id
          ORDER BY s.source_id FOR UPDATE OF s`,
      },
      [[...ago.keys()], [...ago.values()]],
    );
    // What another process heard of later is written already.
    const later = watches.filter(({ pauseMs }) => pauseMs > 0).map((watch) => ({ ...watch, ...rhythmOf(watch) }));
    await executor.query(
      {
        text: `
          UPDATE ${source_watch} s
          SET heard_at = s.heard_at + pause_ms * interval '1 millisecond', silent = false, gap_ms = n.gap_ms, gaps = n.gaps,
            told_ms = n.told_ms, usual_gap_ms = n.usual_gap_ms
          FROM unnest($1::uuid[], $2::float8[], $3::float8[], $4::int[], $5::float8[], $6::float8[])
            AS n (source_id, pause_ms, gap_ms, gaps, told_ms, usual_gap_ms)
          WHERE s.source_id = n.source_id`,
      },
      [
        later.map(({ sourceId }) => sourceId),
        later.map(({ pauseMs }) => pauseMs),
        later.map(({ gapMs }) => gapMs),
        later.map(({ gaps }) => gaps),
        later.map(({ toldMs }) => toldMs),
        later.map(({ usualGapMs }) => usualGapMs),
      ],
    );
    return later.filter(({ silent }) => silent);
  }
}

const rhythmOf = ({ silent, silentAfterMs, pauseMs, watchedMs, ...rhythm }: WatchRow): Rhythm =>
  withPause(rhythm, { ms: pauseMs, toldAfterMs: silent ? silentAfterMs : undefined, watchedMs });
