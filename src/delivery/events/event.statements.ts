// The SQL that stores events and fans them out.
import { patternsMatching } from '../../kernel/event-match.js';
import { bytesArray, MAX_NAMES_OF_HINT, plainArray, textArray } from '../../platform/database/index.js';
import type { Tables } from '../../platform/database/index.js';
import { LEASE_MARGIN_MS } from '../claim/claim.statements.js';
import { laneOf } from '../claim/lanes.js';
import { liveSecrets, PACED, TARGET, TARGET_COLUMNS } from '../claim/webhook-targets.js';
import type { Room } from '../queue/send-queue.js';
import type { FilterVerdicts } from './known-filters.js';
import type { NewEvent } from './new-event.js';

/** SQL: whether an array that ascends has a value. */
const has = (keys: string, key: string): string => `(${keys})[width_bucket(${key}, ${keys})] = ${key}`;

/** SQL: of two arrays, of which the first ascends, what the second has in the place of a value of the first. */
const valueOf = (key: string, keys: string, values: string, otherwise: string): string =>
  `CASE WHEN ${has(keys, key)} THEN (${values})[width_bucket(${key}, ${keys})] ELSE ${otherwise} END`;

/** Which of its forms an INSERT has; each is planned for itself. */
interface InsertForm {
  /** What there is room for is claimed as it is stored. Without, it costs PostgreSQL a third less, and its answer half as much to read. */
  readonly claiming: boolean;
  /** The stream is told of deliveries that are skipped, in the transaction that skips them. */
  readonly followed: boolean;
}

/**
 * Reads webhook by (tenant_id) or by the GIN index on patterns; locks nothing but the rows it inserts. One
 * statement, so that storing and fanning out cost one round trip; the query builder has no INSERT … SELECT. Who
 * subscribes is asked once per type, not once per event.
 * A delivery's id begins with its event's first 18 characters (its millisecond), so that both live in the same
 * partition and an event's deliveries are found by a range of ids, without an index on event_id.
 * What is to be delivered later waits where retries wait, so that all that finds, skips, keeps and erases them does
 * so too; that it has had no attempt tells it from them.
 * Claims what there is room for as it is inserted, by the rules of the claim: one version of the row less, and one
 * round trip. Not what a claim does more for: limits, an order, pauses and probes, an end, a guarantee that has the
 * claim on disk before anything is sent whatever the server's default is.
 * $12 the filters that the events were judged by, in ascending order, and $13 for each event a bit for each of them: where a
 * webhook that an event is for has another, nothing is stored, and the answer tells those filters, by webhook.
 * $16 $17 busy webhooks, in ascending order, and their room, $18 room of the others, $19 room in all, $20 deadline in milliseconds.
 * A place in a list is found by width_bucket, by halves: a join over one of which PostgreSQL does not know the length may be a loop
 * over all of it for each webhook, as comparing with ANY is. With ten thousand webhooks, what was fanned out is such a list.
 * A delivery that comes later expires by PostgreSQL's clock, counted from now, not
 * from the beginning of a caller's long transaction.
 */
export const insertText = (t: Tables, { claiming, followed }: InsertForm): string => {
  const claim = claiming ? claimingSql(t) : NOT_CLAIMING;
  return `
  WITH input AS (
    SELECT id, type, occurred_at, data, idempotency_key, patterns, string_to_array(webhook_ids, ',')::uuid[] AS webhook_ids,
           deliver_at, expires_after_ms, ordering_key, filtered_out, string_to_array(tags, ',') AS tags, traceparent
    FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::bytea[], $6::text[], $7::text[], $8::text[],
                $9::timestamptz[], $10::int[], $11::text[], $13::bytea[], $14::text[], $15::text[])
      AS i (id, type, occurred_at, data, idempotency_key, patterns, webhook_ids, deliver_at, expires_after_ms, ordering_key, filtered_out, tags, traceparent)
  ), matching AS MATERIALIZED (
    SELECT asked.type, w.id AS webhook_id, w.active, w.expires_after_ms, w.ordered, w.filter_id, w.filter,
           nullif(width_bucket(w.filter_id, $12::uuid[]), 0) AS filter_place${claim.ofWebhook}
    FROM (SELECT DISTINCT type, patterns FROM input) asked
    JOIN ${t.webhook} w ON w.tenant_id = $1 AND w.deleted_at IS NULL AND w.patterns && string_to_array(asked.patterns, ',')
    ${claim.joins}
  ), unjudged AS (
    SELECT webhook_id, filter_id, filter FROM matching WHERE filter_id IS NOT NULL AND ($12::uuid[])[filter_place] IS DISTINCT FROM filter_id
  ), stored AS (
    INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data, idempotency_key, expires_after_ms, ordering_key, tags, traceparent)
    SELECT id, $1, type, occurred_at, data, idempotency_key, expires_after_ms, ordering_key, tags, traceparent FROM input
    WHERE NOT EXISTS (SELECT FROM unjudged)
  ), fan AS (
    SELECT i.id AS event_id, i.type, i.deliver_at, coalesce(i.expires_after_ms, w.expires_after_ms) AS expires_after_ms,
           w.webhook_id, w.active, ${laneOf('w', 'i.ordering_key')} AS lane${claim.ofDelivery}
    FROM input i JOIN matching w USING (type)
    WHERE (i.webhook_ids IS NULL OR w.webhook_id = ANY (i.webhook_ids))
      AND (i.filtered_out IS NULL OR w.filter_id IS NULL OR get_bit(i.filtered_out, w.filter_place - 1) = 0)
      AND NOT EXISTS (SELECT FROM unjudged)
  ), fanned AS (
    INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, reason, attempt_count, due_at, completed_at, expires_at, lane)
    SELECT (left(event_id::text, 18) || right(gen_random_uuid()::text, 18))::uuid, $1, event_id, type, webhook_id,
           CASE WHEN NOT active THEN 'skipped' ${claim.status} WHEN deliver_at > statement_timestamp() THEN 'retrying' ELSE 'pending' END,
           CASE WHEN active THEN NULL ELSE 'webhook_disabled' END,
           ${claim.attemptCount},
           CASE ${claim.dueAt} WHEN active THEN greatest(now(), deliver_at) END,
           CASE WHEN active THEN NULL ELSE now() END,
           CASE WHEN active THEN greatest(statement_timestamp(), deliver_at) + expires_after_ms * interval '1 ms' END,
           lane
    FROM ${claim.fan}
    RETURNING id, event_id, event_type, webhook_id, status, reason
  )${followed ? tellingSkipped(t) : ''}${claim.targets}
  SELECT NULL AS webhook_id, string_agg(event_id || ' ' || deliveries || ' ' || skipped || claimed, ',' ORDER BY event_id) AS stored,
         (SELECT string_agg(webhook_id::text, ',') FROM (
            SELECT DISTINCT webhook_id FROM fanned WHERE status = 'pending' LIMIT ${MAX_NAMES_OF_HINT + 1}) w) AS due,
         NULL::uuid AS filter_id, NULL::json AS filter${claim.noTarget}
  FROM (
    SELECT event_id, count(*) FILTER (WHERE status <> 'skipped') AS deliveries, count(*) FILTER (WHERE status = 'skipped') AS skipped,
           ${claim.claimedOf} AS claimed
    FROM fanned GROUP BY event_id
  ) e
  ${claim.targetRows}
  UNION ALL
  SELECT webhook_id, NULL, NULL, filter_id, filter${claim.noTarget} FROM unjudged`;
};

/** What claiming adds to the INSERT, by its place in it. */
const claimingSql = (t: Tables) => ({
  // Into room: how many deliveries to a webhook there is room for. None, if a claim does more for them, or if its health is noted.
  ofWebhook: `, ${TARGET},
           CASE WHEN w.active AND w.guarantee = 'at-least-once' AND w.expires_after_ms IS NULL AND h.webhook_id IS NULL AND NOT ${PACED}
                THEN ${valueOf('w.id', '$16::uuid[]', '$17::int[]', '$18')} ELSE 0 END AS room`,
  joins: `JOIN ${t.tenant} tenant ON tenant.id = w.tenant_id
    LEFT JOIN ${t.webhook_health} h ON h.webhook_id = w.id`,
  ofDelivery: `, w.timeout_ms,
           i.deliver_at IS NULL AND i.expires_after_ms IS NULL
             AND row_number() OVER (PARTITION BY w.webhook_id ORDER BY i.id) <= w.room AS at_once`,
  fan: `(
      SELECT *, at_once AND count(*) FILTER (WHERE at_once) OVER (ORDER BY event_id ROWS UNBOUNDED PRECEDING) <= $19 AS claimed FROM fan
    ) f`,
  status: "WHEN claimed THEN 'sending'",
  attemptCount: 'claimed::int',
  dueAt: `WHEN claimed THEN now() + (coalesce(timeout_ms, $20) + ${LEASE_MARGIN_MS}) * interval '1 ms'`,
  claimedOf: "coalesce(string_agg(' ' || webhook_id || ' ' || id, '') FILTER (WHERE status = 'sending'), '')",
  targets: `, sending AS MATERIALIZED (
    SELECT ARRAY(SELECT DISTINCT webhook_id FROM fanned WHERE status = 'sending' ORDER BY webhook_id) AS webhook_ids
  ), claimed AS (
    SELECT DISTINCT ON (matching.webhook_id) matching.* FROM sending, matching
    WHERE ${has('sending.webhook_ids', 'matching.webhook_id')}
  ), secrets AS (${liveSecrets(t, 'claimed')}
  )`,
  noTarget: `, NULL::uuid[] AS secret_ids, ${TARGET_COLUMNS.map((column) => `NULL AS ${column}`).join(', ')}`,
  targetRows: `UNION ALL
  SELECT webhook_id, NULL, NULL, NULL, NULL, secrets.ids, ${TARGET_COLUMNS.join(', ')} FROM claimed LEFT JOIN secrets USING (webhook_id)`,
});

const NOT_CLAIMING: ReturnType<typeof claimingSql> = {
  ofWebhook: '',
  joins: '',
  ofDelivery: '',
  fan: 'fan',
  status: '',
  attemptCount: '0',
  dueAt: '',
  claimedOf: "''",
  targets: '',
  noTarget: '',
  targetRows: '',
};

/** The time of an entry's id is that of its event, so that it is read in the order of what is told of others. */
const tellingSkipped = (t: Tables): string => `, told AS (
    INSERT INTO ${t.live_entry} (id, tenant_id, kind, data)
    SELECT (left(id::text, 18) || right(gen_random_uuid()::text, 18))::uuid, $1, 'deliveries',
           json_build_object('deliveryId', id, 'eventId', event_id, 'event', event_type, 'webhookId', webhook_id,
                             'status', status, 'reason', reason, 'attemptCount', 0)::text
    FROM fanned WHERE status = 'skipped'
  )`;

/** What {@link insertText} is told: each value at the place of its parameter, $1 first. */
export function insertValues({ tenantId, events, judged, claiming }: Insertion): unknown[] {
  return [
    tenantId,
    plainArray(events.map((event) => event.id)),
    textArray(events.map((event) => event.type)),
    plainArray(events.map((event) => event.occurredAt.toISOString())),
    bytesArray(events.map((event) => event.data)),
    textArray(events.map((event) => event.idempotencyKey ?? null)),
    textArray(events.map((event) => patternsMatching(event.type).join(','))),
    textArray(events.map((event) => event.webhookIds?.join(',') ?? null)),
    plainArray(events.map((event) => event.deliverAt?.toISOString() ?? null)),
    plainArray(events.map((event) => event.expiresAfterMs ?? null)),
    textArray(events.map((event) => event.orderingKey ?? null)),
    plainArray(judged.asked),
    bytesArray(judged.filteredOut),
    textArray(events.map((event) => event.tags?.join(',') ?? null)),
    textArray(events.map((event) => event.traceparent ?? null)),
    ...(claiming ? claimValues(claiming) : []),
  ];
}

function claimValues({ room, timeoutMs }: Claiming): unknown[] {
  const busy = [...room.perBusyWebhook].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    plainArray(busy.map(([webhookId]) => webhookId)),
    plainArray(busy.map(([, ofWebhook]) => ofWebhook)),
    room.perWebhook,
    room.total,
    timeoutMs,
  ];
}

interface Insertion {
  readonly tenantId: string;
  readonly events: readonly NewEvent[];
  /** What the filters that this process knows say of the events. */
  readonly judged: FilterVerdicts;
  /** Of the form that claims. */
  readonly claiming?: Claiming;
}

interface Claiming {
  /** What may be claimed as it is stored. */
  readonly room: Room;
  /** The deadline of an attempt where its webhook has none of its own, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Finds the webhook by its key. One statement: nothing is stored for a webhook that was disabled a moment before.
 * A pause of the webhook ends, and an open circuit probes with this: someone wants to see what happens now.
 */
export const insertForOneText = (t: Tables): string => `
  WITH target AS (
    SELECT id, expires_after_ms, ordered FROM ${t.webhook} WHERE tenant_id = $1 AND id = $2 AND active AND deleted_at IS NULL
  ), stored AS (
    INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data)
    SELECT $3, $1, $4, $5, convert_to($6, 'UTF8') FROM target
  ), made AS (
    INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, due_at, expires_at, lane, is_test)
    SELECT (left($3::text, 18) || right(gen_random_uuid()::text, 18))::uuid, $1, $3, $4, target.id, 'pending', now(),
           now() + target.expires_after_ms * interval '1 ms', ${laneOf('target', 'NULL')}, true
    FROM target
    RETURNING id, webhook_id
  ), probed AS (
    UPDATE ${t.webhook_health} h SET paused_until = NULL, asked_until = NULL, probe_id = made.id
    FROM made WHERE h.webhook_id = made.webhook_id
  )
  SELECT id FROM made`;

/** Which of the ids $2 name no webhook of the tenant $1. */
export const unknownWebhooksText = (t: Tables): string => `SELECT asked.id FROM unnest($2::uuid[]) AS asked (id)
       LEFT JOIN ${t.webhook} w ON w.id = asked.id AND w.tenant_id = $1 AND w.deleted_at IS NULL
       WHERE w.id IS NULL`;
