// The SQL of claims: one statement for all webhooks, and one for those that are named. Those that have limits of their own have
// another way to be picked, and what becomes of a delivery then is the same.
import { FIRST_ID } from '../../kernel/ids.js';
import type { Tables } from '../../platform/database/index.js';
import { SMALL_BYTES } from '../queue/send-lane.js';
import { liveSecrets, PACED, TARGET, TARGET_COLUMNS } from './webhook-targets.js';

/** How much longer than the attempt's deadline a lease lasts: the room for signing, settling and a slow database. */
export const LEASE_MARGIN_MS = 30_000;

/** A delivery that was claimed longer ago is not sent any more: a send must end before its lease does. */
export const MAX_HELD_MS = LEASE_MARGIN_MS / 2;

// Bodies of one claim, in bytes: large ones so many, and small ones. The row that reaches it is still taken, so that a single
// large body cannot block the way.
const MAX_CLAIM_BYTES = 2 * 1_048_576;

/** SQL: whether the body of event `e` is large. Large and small ones are counted apart, so that neither push out the others. */
const IS_LARGE = `octet_length(e.data) > ${SMALL_BYTES}`;

export const BUSY = `busy AS (SELECT * FROM unnest($2::uuid[], $3::int[]) AS b (webhook_id, room))`;

/**
 * The pending deliveries of a webhook from `low` on, oldest first, by conditions and an order that only the index
 * delivery_pending (webhook_id DESC, id) can serve. Asked for by `webhook_id =` and by id, they may be looked for in all
 * deliveries, or in all of this webhook: where another had a hundred thousand pending when PostgreSQL last analysed the
 * table, it takes that for quick, and reads those to find that this one has a few, or none.
 */
export const oldestOf = (webhook: string, low: string, also = ''): string =>
  `d.status = 'pending' AND d.webhook_id BETWEEN ${webhook} AND ${webhook} AND d.id >= ${low} ${also}
      ORDER BY d.webhook_id DESC, d.id`;

/**
 * A webhook whose circuit opened and whose pause is over gets one request at a time from each process. One that is to be probed
 * with a delivery of before `low` waits for a claim that looks that far back.
 */
export const probing = (low: string): string =>
  `h.times_opened > 0 AND busy.room IS NULL AND coalesce(h.paused_until <= now(), true) AND coalesce(h.probe_id >= ${low}, true)`;

/** Whether what is claimed now probes: what comes of it has to be on disk before anything more is sent. */
export const IS_PROBE = 'coalesce(h.times_opened > 0, false) AS is_probe';

/** With which delivery is probed, where somebody asked for one: all that waits would be before it. */
export const probeId = (low: string): string => `CASE WHEN ${probing(low)} THEN h.probe_id END`;

/** That delivery, unless it has been sent by now; by its key, in the one partition that it is in. */
export const probeOf = (t: Tables, webhook: string, id: string, low: string): string => `
      SELECT d.id FROM ${t.delivery} d
      WHERE d.id = ${id} AND d.id >= ${low} AND d.webhook_id = ${webhook} AND d.status = 'pending' LIMIT 1`;

/**
 * When a row of a webhook has its turn: after one of each other webhook, and chance says in what order these are. What is too much for
 * one claim is cut by it. By age, old large bodies of one webhook would push out the small ones of all others, claim after claim.
 */
export const turn = (window: string): string => `row_number() OVER (${window}) + random() AS turn`;

/** Beside the bound, not in its place: that alone tells PostgreSQL the partitions before anything is read. */
export const FROM_PROBE = `AND d.id >= coalesce(probe.id, '${FIRST_ID}')`;

/**
 * Makes those that were picked ours. A webhook disabled meanwhile has its rows skipped here, at the last moment before
 * sending.
 *
 * The commit does not wait for the disk: a claim that a crash of PostgreSQL undoes leaves its deliveries due, and they
 * are sent again, as after any crash between sending and settling. It does wait, whatever this installation's default is,
 * where nothing may go out before its claim cannot be undone any more. Sent to at most once, it would come again. In an order,
 * another worker would send it, and then those behind it, while the first still has it, and sends it after them. Within limits,
 * more would be under way than the rows say.
 *
 * The plan is made once per connection, perhaps while the tables are empty, and kept until PostgreSQL analyses them: joined as
 * sets, events and deliveries would be read from end to end by every claim of a new installation's first minute. Hence
 * LATERAL with LIMIT, which nothing but the key can serve, and BETWEEN, which PostgreSQL takes to hold for one row in 200.
 */
export const taking = (t: Tables, low: string): string => `
  sized AS (
    SELECT p.id, p.is_probe, e.data, e.occurred_at, e.traceparent,
           CASE WHEN e.data_erased_at IS NOT NULL THEN 'payload_erased' WHEN p.expires_at <= now() THEN 'too_late' END AS ended,
           CASE WHEN ${IS_LARGE} AND NOT $7 THEN -1 ELSE
             coalesce(sum(octet_length(e.data)) OVER (PARTITION BY ${IS_LARGE} ORDER BY p.turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
           END AS before
    FROM picked p CROSS JOIN LATERAL (
      SELECT data, data_erased_at, occurred_at, traceparent FROM ${t.event} WHERE id = p.event_id LIMIT 1) e
  ), claimed AS (
    UPDATE ${t.delivery} d SET
      status = CASE WHEN s.ended IS NOT NULL THEN 'expired' WHEN usable THEN 'sending' ELSE 'skipped' END,
      reason = CASE WHEN s.ended IS NOT NULL THEN s.ended WHEN usable THEN NULL WHEN w.deleted_at IS NULL THEN 'webhook_disabled' ELSE 'webhook_deleted' END,
      attempt_count = d.attempt_count + CASE WHEN usable THEN 1 ELSE 0 END,
      due_at = CASE WHEN usable THEN now() + (coalesce(w.timeout_ms, tenant.timeout_ms, $6) + ${LEASE_MARGIN_MS}) * interval '1 ms' END,
      completed_at = CASE WHEN usable THEN NULL ELSE now() END
    FROM sized s, ${t.webhook} w, ${t.tenant} tenant, LATERAL (SELECT w.active AND w.deleted_at IS NULL AND s.ended IS NULL AS usable) AS u
    WHERE d.id = s.id AND d.id >= ${low} AND s.before BETWEEN 0 AND ${MAX_CLAIM_BYTES - 1} AND w.id = d.webhook_id AND tenant.id = w.tenant_id
    RETURNING d.id, d.tenant_id, d.event_id, d.event_type, d.webhook_id, d.status, d.reason, d.attempt_count, d.retries_used,
              s.data, s.occurred_at, s.traceparent, d.expires_at, d.transformed IS NOT NULL AS is_transformed, s.is_probe, ${TARGET}
  ), secrets AS (${liveSecrets(t, 'claimed')}
  ), durability AS (
    SELECT set_config('synchronous_commit',
             CASE WHEN EXISTS (SELECT FROM claimed WHERE paced OR guarantee = 'at-most-once') THEN 'on' ELSE 'off' END, true)
  )`;

/** What is told of those claimed. What the deliveries of an event or of a webhook share comes once, with the first of them. */
export const CLAIMED = `(
  SELECT *, row_number() OVER (PARTITION BY status, event_id ORDER BY id) AS of_event,
         row_number() OVER (PARTITION BY webhook_id ORDER BY id) AS of_webhook FROM claimed) c`;
export const CLAIMED_COLUMNS = `
  c.id, webhook_id, c.tenant_id, c.event_id, c.event_type, c.status, c.reason, c.attempt_count, c.retries_used, c.is_transformed, c.is_probe, c.traceparent,
  (extract(epoch FROM c.occurred_at) * 1000)::float8 AS occurred_ms,
  extract(epoch FROM c.expires_at - now())::float8 * 1000 AS expires_in_ms,
  CASE WHEN c.of_event = 1 AND c.status = 'sending' THEN convert_from(c.data, 'UTF8') END AS data,
  CASE WHEN c.of_webhook = 1 THEN secrets.ids END AS secret_ids,
  ${TARGET_COLUMNS.map((column) => `CASE WHEN c.of_webhook = 1 THEN c.${column} END AS ${column}`).join(', ')}`;

/**
 * Claims for all webhooks in turn.
 *
 * Locks the delivery rows it takes (SKIP LOCKED: replicas never wait for each other). Walks the partial index
 * delivery_pending: a loose scan lists the webhooks that have due rows, in its order backwards, then a few rows of each are
 * taken, so a million rows behind one slow webhook cost the others nothing. The query builder has neither recursion nor
 * LATERAL. A paused webhook gives nothing; one whose circuit opened gives a single probe per process once its pause is
 * over; one with limits of its own gives one row without a delivery, which says so and takes its share of the room. One row
 * more, without a webhook, tells how many rows were picked, and the last webhook of which: bodies may cut what is claimed of them.
 *
 * Webhooks are looked up one by one, in the order of the scan, and no further than the room goes: joined as sets, PostgreSQL reads
 * all that are due, and hands them on in the order in which they lie on its disk. Cut there, with the next claim going on after the
 * last one's id, a webhook that was just changed, and so lies last, would be passed over in every round.
 *
 * `low` is SQL for the smallest delivery id that is looked at. $1 only webhooks after this, $2 $3 busy webhooks and their room, $4 room of the others, $5 room in all, $6 deadline in
 * milliseconds, $7 whether there is room for large bodies.
 */
export const claimText = (t: Tables, low: string): string =>
  claimOf(
    t,
    low,
    `
    (SELECT d.webhook_id FROM ${t.delivery} d
     WHERE d.status = 'pending' AND d.webhook_id > $1 AND d.id >= ${low} ORDER BY d.webhook_id, d.id DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_id FROM ${t.delivery} d
            WHERE d.status = 'pending' AND d.webhook_id > due.webhook_id AND d.id >= ${low} ORDER BY d.webhook_id, d.id DESC LIMIT 1)
    FROM due WHERE due.webhook_id IS NOT NULL`,
  );

/**
 * Claims for the webhooks $1, in this order, as the claim for all does; of all others it knows nothing, and costs nothing for them.
 * The other parameters are those of the claim for all.
 */
export const namedClaimText = (t: Tables, low: string): string =>
  claimOf(
    t,
    low,
    `
    SELECT d.webhook_id FROM unnest($1::uuid[]) AS named (webhook_id)
    CROSS JOIN LATERAL (SELECT d.webhook_id FROM ${t.delivery} d WHERE ${oldestOf('named.webhook_id', low)} LIMIT 1) d`,
  );

const claimOf = (t: Tables, low: string, due: string): string => `
  WITH RECURSIVE due (webhook_id) AS (${due}
  ), ${BUSY}, picked AS (
    SELECT p.id, p.event_id, p.expires_at, p.turn, due.webhook_id, ${IS_PROBE} FROM due
    CROSS JOIN LATERAL (SELECT * FROM ${t.webhook} WHERE id = due.webhook_id LIMIT 1) w
    LEFT JOIN LATERAL (SELECT * FROM ${t.webhook_health} WHERE webhook_id = due.webhook_id LIMIT 1) h ON true
    LEFT JOIN busy ON busy.webhook_id = due.webhook_id
    LEFT JOIN LATERAL (${probeOf(t, 'due.webhook_id', probeId(low), low)}
    ) probe ON true
    LEFT JOIN LATERAL (
      SELECT oldest.*, ${turn('')} FROM (
        SELECT d.id, d.event_id, d.expires_at FROM ${t.delivery} d
        WHERE ${oldestOf('due.webhook_id', low, FROM_PROBE)}
        LIMIT CASE
          WHEN NOT w.active OR w.deleted_at IS NOT NULL THEN $5
          WHEN ${PACED} OR h.paused_until > now() THEN 0
          WHEN h.times_opened > 0 THEN CASE WHEN ${probing(low)} THEN 1 ELSE 0 END
          ELSE coalesce(busy.room, $4)
        END
        FOR UPDATE SKIP LOCKED
      ) oldest
    ) p ON true
    WHERE due.webhook_id IS NOT NULL AND (p.id IS NOT NULL OR (${PACED} AND w.active AND w.deleted_at IS NULL))
    LIMIT $5
  ), ${taking(t, low)}
  SELECT ${CLAIMED_COLUMNS}, apart.picked, apart.last_webhook_id
  FROM ${CLAIMED} FULL JOIN (
    SELECT webhook_id, NULL::int AS picked, NULL::uuid AS last_webhook_id FROM picked WHERE id IS NULL
    UNION ALL
    SELECT NULL, count(*)::int, (SELECT webhook_id FROM picked ORDER BY webhook_id DESC LIMIT 1) FROM picked
  ) apart USING (webhook_id)
  CROSS JOIN durability LEFT JOIN secrets USING (webhook_id)
  ORDER BY c.id`;
