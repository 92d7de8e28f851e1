// The runs that wait for somebody: those whose time has come, and those whose holder died. Asked by the sweep alone; who may
// run them is decided by a claim.
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import { RUN_RETRY_WAITS } from './policy.js';

const INTERRUPTED = 'The process that ran it stopped before it finished.';

@Injectable()
export class DueRunsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Turns runs whose holder died into failed ones that are due at once. Once the schedule is used up they are never due again:
   * a handler that kills its process must not do so for ever. Says how many events they were of; one of which another run still
   * waits, as for its lane, is not failed yet.
   *
   * @param ceilings - By handler: how many retries its own schedule has. The others have ours.
   *
   * Index: `handler_run_due`. Locks up to `limit` run rows, skipping those that somebody works on, then their
   * events in the order of their ids, so that two sweeps cannot lock each other out.
   */
  async failInterrupted(limit: number, ceilings: ReadonlyMap<string, number>): Promise<number> {
    const { received_event, handler_run } = this.database.tables;
    const rows = await this.database.query(
      {
        text: `
          WITH expired AS (
            SELECT received_event_id, handler FROM ${handler_run} WHERE status = 'running' AND due_at <= now()
            ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
          ), failed AS (
            UPDATE ${handler_run} r
            SET status = 'failed', error = $2, finished_at = now(), due_at = CASE WHEN r.retries_used < COALESCE(own.ceiling, $3) THEN now() END
            FROM expired x LEFT JOIN unnest($4::text[], $5::int[]) AS own (handler, ceiling) USING (handler) WHERE r.received_event_id = x.received_event_id AND r.handler = x.handler
            RETURNING r.received_event_id, r.handler
          )
          UPDATE ${received_event} e SET status = CASE WHEN EXISTS (
            SELECT FROM ${handler_run} r WHERE r.received_event_id = e.id AND r.status IN ('pending', 'running')
              AND NOT EXISTS (SELECT FROM failed f WHERE f.received_event_id = e.id AND f.handler = r.handler)
          ) THEN 'processing' ELSE 'failed' END
          WHERE id IN (
            SELECT id FROM ${received_event} WHERE id IN (SELECT received_event_id FROM failed) ORDER BY id FOR UPDATE)
          RETURNING 1`,
      },
      [limit, INTERRUPTED, RUN_RETRY_WAITS.schedule.length, [...ceilings.keys()], [...ceilings.values()]],
    );
    return rows.length;
  }

  /** Events of the `limit` runs that are longest overdue. No locks: the claim decides. Index: `handler_run_due`. */
  async findDueEventIds(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      {
        name: 'posthorn_runs_due',
        text: `
          SELECT DISTINCT received_event_id AS id FROM (
            SELECT received_event_id FROM ${this.database.tables.handler_run}
            WHERE status <> 'succeeded' AND status IN ('pending', 'failed') AND due_at <= now()
            ORDER BY due_at LIMIT $1) due`,
      },
      [limit],
    );
    return rows.map(({ id }) => id);
  }
}
