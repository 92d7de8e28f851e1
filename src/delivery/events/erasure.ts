// Erases the payload of an event and leaves its log. From the moment `data_erased_at` is committed nothing of it is sent
// any more: waiting deliveries end here, what was claimed and not sent yet is taken back, and those that come back later end
// where they would become due. An attempt that is under way is not called back.
import { Injectable } from '@nestjs/common';
import { FIRST_ID, LAST_ID } from '../../kernel/ids.js';
import { Database, TenantDatabase } from '../../platform/database/index.js';
import type { SqlExecutor, Statement } from '../../platform/database/index.js';
import { byKey } from '../due-deliveries.js';
import { Recall } from '../recall.js';

/** Longer than any lease, so that every attempt under way during an erasure is over; and than a pause of the sweep. */
const UNDER_WAY = `interval '15 minutes'`;

/** Events cleared by one statement, and deliveries of each: one that was replayed a million times is cleared bit by bit. */
const BATCH = 50;
const PIECE = 1_000;

/** How far an event is cleared: up to a delivery. */
interface Cleared {
  readonly eventId: string;
  readonly last: string;
}

@Injectable()
export class Erasure {
  private readonly mark: Statement;
  private readonly clear: Statement;
  private readonly recent: Statement;

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    private readonly recall: Recall,
  ) {
    const t = database.tables;
    this.mark = {
      name: 'posthorn_event_erase',
      // Locks the one event by its key. Empty data is no JSON, so it cannot be taken for a payload by mistake.
      text: `UPDATE ${t.event} SET data = '', data_erased_at = coalesce(data_erased_at, now())
             WHERE tenant_id = $1 AND id = $2 RETURNING id`,
    };
    this.clear = {
      name: 'posthorn_event_clear',
      // $1 events, and $2 for each the delivery after which it goes on; tells those of which there may be more. Locks those deliveries of the events that wait or hold what was sent in their place, and those attempts that still hold an answer. A dispatch's deliveries share
      // the first 18 characters of its event's id (primary key); replays are found by delivery_replayed (event_id, id). What a
      // receiver answered goes too, because it may have echoed what it got. LATERAL, so that they are looked for event by event:
      // joined as sets, a handful of events would be reason enough to read all deliveries. TypeORM has no UPDATE … FROM.
      text: `
        WITH found AS MATERIALIZED (
          SELECT e.id AS event_id, d.id, d.attempt_count FROM unnest($1::uuid[], $2::uuid[]) AS e (id, after) CROSS JOIN LATERAL (
            (SELECT d.id, d.attempt_count FROM ${t.delivery} d WHERE d.event_id = e.id AND d.id > e.after
               AND d.id >= (left(e.id::text, 18) || '-0000-000000000000')::uuid
               AND d.id <= (left(e.id::text, 18) || '-ffff-ffffffffffff')::uuid
             ORDER BY d.id LIMIT ${PIECE})
            UNION
            (SELECT d.id, d.attempt_count FROM ${t.delivery} d
             WHERE (d.event_id, d.id) > (e.id, e.after) AND (d.event_id, d.id) <= (e.id, '${LAST_ID}') AND d.replay_of IS NOT NULL
             ORDER BY d.event_id, d.id LIMIT ${PIECE})
            ORDER BY id LIMIT ${PIECE}) d
        ), ended AS (
          UPDATE ${t.delivery} d
          SET status = 'expired', reason = 'payload_erased', due_at = NULL, completed_at = now(), transformed = NULL
          FROM found WHERE d.id = found.id AND ${byKey('found')} AND d.status IN ('pending', 'retrying')
        ), cleared AS (
          UPDATE ${t.delivery} d SET transformed = NULL
          FROM found WHERE d.id = found.id AND ${byKey('found')} AND d.status NOT IN ('pending', 'retrying') AND d.transformed IS NOT NULL
        ), forgotten AS (
          UPDATE ${t.delivery_attempt} a SET response_headers = NULL, response_body = NULL
          FROM found
          WHERE a.delivery_id = found.id AND ${byKey('found')} AND (a.response_headers IS NOT NULL OR a.response_body IS NOT NULL)
        )
        SELECT event_id AS "eventId", (array_agg(id ORDER BY id DESC))[1] AS last FROM found
        GROUP BY event_id HAVING count(*) = ${PIECE}`,
    };
    this.recent = {
      name: 'posthorn_event_erased_recently',
      // Index event_erased, which holds erased events alone.
      text: `SELECT id FROM ${t.event} WHERE data_erased_at > now() - ${UNDER_WAY}`,
    };
  }

  /**
   * Erases an event's payload and what receivers answered to it; false where the tenant has no such event.
   *
   * Two transactions and more: the second must see what was committed before the first, and the
   * paths that make deliveries due must see the first. A crash between them is made good by {@link catchUp}, or by
   * asking again.
   *
   * @param alongside - What is written together with the mark.
   */
  async erase(
    tenantId: string,
    eventId: string,
    alongside: (executor: SqlExecutor) => Promise<void>,
  ): Promise<boolean> {
    const ofTenant = this.tenants.of(tenantId);
    const marked = await ofTenant.transaction(async (executor) => {
      const [event] = await executor.query<{ id: string }>(this.mark, [tenantId, eventId]);
      if (event) await alongside(executor);
      return event !== undefined;
    });
    if (!marked) return false;
    // Before the second: what is given back waits again, and ends by it.
    await this.recall.erased(eventId);
    await this.clearAll(ofTenant, [eventId]);
    return true;
  }

  /** Erases what attempts that were under way during an erasure have written since, and ends what they left waiting. */
  async catchUp(): Promise<void> {
    const ids = (await this.database.query<{ id: string }>(this.recent)).map(({ id }) => id);
    for (let from = 0; from < ids.length; from += BATCH) {
      await this.clearAll(this.database, ids.slice(from, from + BATCH));
    }
  }

  /** Piece by piece, each a transaction: nobody waits long for what one has locked, and it may end at any of them. */
  private async clearAll(executor: SqlExecutor, eventIds: readonly string[]): Promise<void> {
    for (let left: Cleared[] = eventIds.map((eventId) => ({ eventId, last: FIRST_ID })); left.length > 0;) {
      const values = [left.map(({ eventId }) => eventId), left.map(({ last }) => last)];
      left = await executor.query<Cleared>(this.clear, values);
    }
  }
}
