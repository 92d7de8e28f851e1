// The SQL of replays, and with it the rule of what a replay sends: counting and making share it.
import type { Statement, Tables } from '../../platform/database/index.js';
import { LAST_ID } from '../../kernel/ids.js';
import { laneOf } from '../claim/lanes.js';

/** Deliveries looked at in one step: what bounds a step's transaction when few of them belong to the replay. */
const LOOK = 2_000;

/**
 * Replayed deliveries of one webhook that may wait at a time. A new event of that webhook waits behind as many at most:
 * about a second's work for a receiver that answers in 250 ms; and a replay of any size adds no more to the table than
 * it has sent.
 */
const WINDOW = 200;

/** For each request that a webhook may have in flight by a limit of its own, and for one that is ordered. */
const WINDOW_PER_REQUEST = 4;
const WINDOW_OF_ORDERED = 8;

/** SQL: how many of webhook `w` may wait: with limits of its own, or an order, WINDOW would be work for minutes or hours. */
const WINDOW_OF_WEBHOOK = `greatest(1, least(${WINDOW}, ceil(w.rate_limit_max::float8 / w.rate_limit_seconds),
                  ${WINDOW_PER_REQUEST} * w.max_in_flight, CASE WHEN w.ordered THEN ${WINDOW_OF_ORDERED} END))::int`;

/** Replays of one webhook that may be under way or wait for their turn: every look for one reads them all. */
export const MAX_UNFINISHED = 100;

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

export type ReplayStatements = Record<
  'count' | 'waitingTurn' | 'insert' | 'find' | 'unfinished' | 'take' | 'waiting' | 'make' | 'finish' | 'deleteOld',
  Statement
>;

/**
 * Whether a delivery `d` in the range of replay `r` is sent again: it was in one of the statuses, for good, when the
 * replay was asked for, and no newer delivery `n` of its event to the same webhook speaks for it. A newer one does when
 * it belongs to the replay itself (each event is sent once), has succeeded (unless successes are asked for), or was
 * under way then or later: asking twice does not send twice.
 *
 * Newer ones are replays: they are found by delivery_replayed (event_id, id), the next one first, and only that index gives
 * this order: however often an event was replayed, each of its deliveries is judged by the one after it. OFFSET 0 keeps the
 * other conditions out of that look. They also fit delivery_webhook, and without good statistics PostgreSQL would read all of that index for every delivery: with
 * OFFSET 0, 20,000 of 200,000 took 0.3 s; without, they had not ended after 8 s. An event that is gone (a replay's is in an
 * older partition than its delivery) or whose data was erased cannot be sent: it is looked up by key for the same reason.
 */
const belongs = (t: Tables): string => `
  d.tenant_id = r.tenant_id AND d.status = ANY (r.statuses) AND d.completed_at <= r.created_at
  AND (SELECT octet_length(e.data) > 0 FROM ${t.event} e WHERE e.id = d.event_id)
  AND NOT EXISTS (
    SELECT FROM (SELECT * FROM ${t.delivery}
                 WHERE (event_id, id) > (d.event_id, d.id) AND (event_id, id) <= (d.event_id, '${LAST_ID}')
                   AND id > d.id AND replay_of IS NOT NULL
                 ORDER BY event_id, id OFFSET 0) n
    WHERE n.webhook_id = d.webhook_id
      AND (n.completed_at IS NULL OR n.completed_at > r.created_at
           OR (n.status = 'success' AND NOT 'success' = ANY (r.statuses))
           OR (n.status = ANY (r.statuses) AND n.id < r.until_id)))`;

export const replayStatements = (t: Tables): ReplayStatements => ({
  count: {
    // Locks nothing. Index delivery_webhook or, where it is the smaller one, delivery_status. Not named: planned
    // for its values, which tell PostgreSQL the partitions and how much of them.
    text: `
      SELECT count(*)::int AS count
      FROM (SELECT $1::text AS tenant_id, $2::uuid AS webhook_id, $3::uuid AS since_id, $4::uuid AS until_id,
                   $5::text[] AS statuses, now() AS created_at) r
      JOIN ${t.delivery} d ON d.webhook_id = r.webhook_id AND d.id >= r.since_id AND d.id < r.until_id
      WHERE ${belongs(t)}`,
  },
  waitingTurn: {
    // Index replay_unfinished.
    text: `SELECT count(*)::int AS count FROM (
             SELECT FROM ${t.replay} WHERE webhook_id = $1 AND finished_at IS NULL LIMIT ${MAX_UNFINISHED}) u`,
  },
  insert: {
    // In the transaction of the count: both have the same now(), which is the moment the replay is judged by.
    text: `INSERT INTO ${t.replay} (tenant_id, webhook_id, since_id, until_id, statuses, id, total)
           VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  },
  find: {
    text: `SELECT id, tenant_id, webhook_id, since_id, until_id, statuses, total, made, created_at, finished_at
           FROM ${t.replay} WHERE tenant_id = $1 AND id = $2`,
  },
  unfinished: {
    name: 'posthorn_replay_unfinished',
    // One replay of a webhook at a time, oldest first: two with overlapping ranges would not see what the other makes.
    // Index replay_unfinished, which is empty most of the time; from webhook to webhook, past those that wait for their turn.
    text: `
      WITH RECURSIVE oldest AS (
        (SELECT webhook_id, id, tenant_id FROM ${t.replay} WHERE finished_at IS NULL ORDER BY webhook_id, id LIMIT 1)
        UNION ALL
        SELECT next.* FROM oldest CROSS JOIN LATERAL (
          SELECT r.webhook_id, r.id, r.tenant_id FROM ${t.replay} r
          WHERE r.finished_at IS NULL AND r.webhook_id > oldest.webhook_id ORDER BY r.webhook_id, r.id LIMIT 1) next
      )
      SELECT id, tenant_id AS "tenantId", webhook_id AS "webhookId" FROM oldest ORDER BY webhook_id`,
  },
  take: {
    name: 'posthorn_replay_take',
    // Locks the replay until the step is committed; SKIP LOCKED: replicas take another one instead of waiting.
    text: `SELECT r.webhook_id, w.active AND w.deleted_at IS NULL AS usable, ${WINDOW_OF_WEBHOOK} AS "window"
           FROM ${t.replay} r JOIN ${t.webhook} w ON w.id = r.webhook_id
           WHERE r.id = $1 AND r.finished_at IS NULL FOR UPDATE OF r SKIP LOCKED`,
  },
  waiting: {
    name: 'posthorn_replay_waiting',
    // Index delivery_replayed_pending.
    text: `SELECT count(*)::int AS count FROM (
             SELECT FROM ${t.delivery} WHERE webhook_id = $1 AND status = 'pending' AND replay_of IS NOT NULL
             LIMIT ${WINDOW}) p`,
  },
  make: {
    name: 'posthorn_replay_make',
    // The replay's row is locked by the caller; the originals are read and never locked or changed. Walks index
    // delivery_webhook (webhook_id, id) from the cursor on, $2 being the ids of the deliveries it may make. One statement,
    // so that rows and cursor cannot part; the query builder has no INSERT … SELECT.
    text: `
      WITH r AS MATERIALIZED (
        SELECT * FROM ${t.replay} WHERE id = $1
      ), looked AS MATERIALIZED (
        SELECT d.* FROM r CROSS JOIN LATERAL (
          SELECT d.id, d.tenant_id, d.event_id, d.event_type, d.webhook_id, d.status, d.completed_at, d.replay_of
          FROM ${t.delivery} d
          WHERE d.webhook_id = r.webhook_id AND d.id >= r.since_id AND d.id > coalesce(r.last_id, '${BEFORE_ALL}')
            AND d.id < r.until_id
          ORDER BY d.id LIMIT ${LOOK}) d
      ), chosen AS MATERIALIZED (
        SELECT d.*, row_number() OVER (ORDER BY d.id) AS place FROM r, looked d WHERE ${belongs(t)}
        ORDER BY d.id LIMIT cardinality($2::uuid[])
      ), made AS (
        INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, due_at, replay_of, expires_at, lane)
        SELECT fresh.id, c.tenant_id, c.event_id, c.event_type, c.webhook_id, 'pending', now(), c.id,
               now() + coalesce(e.expires_after_ms, w.expires_after_ms) * interval '1 ms', ${laneOf('w', 'e.ordering_key')}
        FROM chosen c JOIN unnest($2::uuid[]) WITH ORDINALITY AS fresh (id, place) USING (place)
        JOIN ${t.webhook} w ON w.id = c.webhook_id
        CROSS JOIN LATERAL (SELECT e.expires_after_ms, e.ordering_key FROM ${t.event} e WHERE e.id = c.event_id OFFSET 0) e
      ), came AS (
        SELECT chosen.count AS made, chosen.count = cardinality($2::uuid[]) AS full_up, looked.count < ${LOOK} AS at_end,
               chosen.last AS last_chosen, looked.last AS last_looked
        FROM (SELECT count(*)::int AS count, (array_agg(id ORDER BY id DESC))[1] AS last FROM chosen) chosen,
             (SELECT count(*)::int AS count, (array_agg(id ORDER BY id DESC))[1] AS last FROM looked) looked
      )
      UPDATE ${t.replay} p SET
        made = p.made + came.made,
        last_id = coalesce(CASE WHEN came.full_up THEN came.last_chosen ELSE came.last_looked END, p.last_id),
        finished_at = CASE WHEN came.at_end AND NOT came.full_up THEN now() END
      FROM came WHERE p.id = $1
      RETURNING came.made, p.finished_at IS NOT NULL AS finished`,
  },
  finish: {
    text: `UPDATE ${t.replay} SET finished_at = now() WHERE id = $1`,
  },
  deleteOld: {
    // Locks the rows it deletes. Index replay_finished.
    text: `DELETE FROM ${t.replay} WHERE finished_at < now() - $1 * interval '1 ms'`,
  },
});
