// The SQL that writes what attempts came to: the log, the deliveries, and what becomes of the health of their webhooks.
import { bytesArray, plainArray, textArray } from '../../platform/database/index.js';
import type { Database, Statement, Tables } from '../../platform/database/index.js';
import type { HealthChange, Settlement } from './settlement.js';
import { countInto } from '../stats/attempt-counts.js';

const MAX_NUMBER = 2_147_483_647;

/**
 * The circuit of a webhook opens after CIRCUIT_AFTER failures in a row (4xx and redirects are answers: they open nothing by
 * themselves, and as the answer to a probe they close it). It stays open for this long, doubled each time that its probe fails.
 */
const CIRCUIT_MIN_MS = 5_000;
const CIRCUIT_MAX_MS = 300_000;
/** Openings are counted up to here, where the pause has long been the longest: a receiver may be down for years. */
const MAX_TIMES_OPENED = 10;
/** In the place of that number: closed, whatever another process wrote meanwhile. 0 says that this one found it closed. */
const CLOSED = -1;

/** No pause is running that a receiver asked for: a success deletes the health row `h`. */
const MAY_END = `coalesce(h.asked_until <= now(), true)`;

/** What the health row holds; this instead where it is written because of a success, which alone counts no failure. */
const soFar = (column: string, recovered = '0'): string =>
  `CASE WHEN excluded.consecutive_failures > 0 THEN h.${column} ELSE ${recovered} END`;

/**
 * Writes what a batch of attempts came to, and answers what that makes of their webhooks. One statement for any number of outcomes, so
 * one round trip and one commit; TypeORM has no UPDATE … FROM. Step by step:
 *
 * - `r` is the batch; `place` tells later which of it the fence refused.
 * - `settled` locks and writes the deliveries, all of them leased by this process. The fence is `status = 'sending'` and the attempt
 *   number: an outcome that comes after its lease was swept finds neither, and changes nothing. `BETWEEN` holds for every row; PostgreSQL
 *   takes it to hold for one in 200, and so goes by the primary key even where it plans on empty tables: else each batch of a new
 *   installation's first minute would read all deliveries. `low`, the smallest id that may be among them, spares looking into the
 *   partitions of earlier days, once for each row.
 * - `counted` and `logged` write the statistics and the log.
 * - `touched` is the batch by webhook. Failures of replays and of test events open the circuit like all others, but count neither attempts
 *   nor time towards disabling: who asks for them wants to see whether it works, and must not lose the webhook by looking.
 * - `judged` says how long a webhook pauses: as long as its receiver asks, or by its circuit. A circuit that is open is neither opened
 *   further nor closed by stragglers. Most successes find no health row, and cost that one look: what is not in here is neither looked
 *   for nor locked again.
 * - `changed` writes the rows of health, locking them in the order of their webhooks, so that processes which settle for the same ones
 *   do not wait for each other in a ring. `paused_until` is the later of both pauses, and all that a claim has to look at.
 * - `over` and `recovered` delete the rows of those that work again, and with them the pause of a circuit. They come after `changed`, by
 *   counting it, and do not wait: one that another process writes just then stays until the next success. A pause that the receiver
 *   asked for is waited out, whatever succeeds meanwhile: then the row stays, and counts anew.
 */
export const settleText = (t: Tables, low: string): string => `
      WITH r AS (
        SELECT *, 'sending' AS before FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::text[], $8::int[],
                             $9::text[], $10::timestamptz[], $11::int[], $12::text[], $13::text[], $14::bytea[], $15::bytea[],
                             $16::float8[], $17::text[]) WITH ORDINALITY
          AS r (id, number, status, reason, retries_used, wait_ms, outcome, http_status,
                error, started_at, duration_ms, url, request_headers, response_headers, response_body, pause_ms,
                timing, place)
      ), settled AS (
        UPDATE ${t.delivery} d SET
          status = r.status, reason = r.reason, retries_used = r.retries_used, unknown_count = 0,
          last_http_status = r.http_status,
          due_at = CASE WHEN r.wait_ms IS NOT NULL THEN now() + r.wait_ms * interval '1 ms' END,
          completed_at = CASE WHEN r.wait_ms IS NULL THEN now() END
        FROM r
        WHERE d.id = r.id AND d.id >= ${low} AND d.status = r.before AND d.attempt_count = r.number AND r.number BETWEEN 0 AND ${MAX_NUMBER}
        RETURNING r.place, d.tenant_id, d.webhook_id, d.event_type, r.outcome, r.duration_ms, r.pause_ms,
                  d.replay_of IS NOT NULL OR d.is_test AS asked_for
      ), counted AS (
        ${countInto(t, 'settled')}
      ), logged AS (
        INSERT INTO ${t.delivery_attempt} (delivery_id, number, tenant_id, started_at, duration_ms, outcome, http_status, error, url,
                                           request_headers, response_headers, response_body, timing)
        SELECT r.id, r.number, settled.tenant_id, r.started_at, r.duration_ms, r.outcome, r.http_status, r.error, r.url,
               r.request_headers, r.response_headers, r.response_body, r.timing
        FROM r JOIN settled USING (place)
      ), touched AS (
        SELECT webhook_id, tenant_id, bool_or(outcome = 'success') AS recovers, count(*)::int AS failures,
               (count(*) FILTER (WHERE asked_for))::int AS replay_failures, max(pause_ms) AS pause_ms,
               bool_or(outcome NOT IN ('client_error', 'redirect')) AS unreachable
        FROM settled GROUP BY webhook_id, tenant_id
      ), judged AS (
        SELECT s.webhook_id, s.tenant_id, CASE WHEN s.recovers THEN 0 ELSE s.failures END AS failures,
               CASE WHEN s.recovers THEN 0 ELSE s.replay_failures END AS replay_failures, h.warned_percent AS warned_before,
               s.recovers AND s.pause_ms IS NULL AND ${MAY_END} AS is_over,
               CASE WHEN s.recovers THEN 0 WHEN closes THEN ${CLOSED} ELSE least(opened + opens::int, ${MAX_TIMES_OPENED}) END AS times_opened,
               now() + s.pause_ms * interval '1 ms' AS asked_until,
               CASE WHEN opens THEN now() + least(
                 ${CIRCUIT_MAX_MS}, ${CIRCUIT_MIN_MS} * 2 ^ opened) * (0.8 + 0.4 * random()) * interval '1 ms'
               END AS open_until
        FROM touched s LEFT JOIN ${t.webhook_health} h USING (webhook_id), LATERAL (
          SELECT least(greatest(h.times_opened, 0), ${MAX_TIMES_OPENED}) AS opened,
                 h.times_opened > 0 AND NOT s.unreachable AND coalesce(h.paused_until <= now(), true) AS closes,
                 NOT s.recovers AND s.unreachable AND coalesce(h.paused_until <= now(), true)
                 AND coalesce(coalesce(h.consecutive_failures, 0) + s.failures >= nullif($18::int, 0), false) AS opens) o
        WHERE NOT s.recovers OR s.pause_ms IS NOT NULL OR h.webhook_id IS NOT NULL
      ), changed AS (
        INSERT INTO ${t.webhook_health} AS h
          (webhook_id, tenant_id, consecutive_failures, replay_failures, failing_since, times_opened, asked_until, paused_until)
        SELECT webhook_id, tenant_id, failures, replay_failures, now(), times_opened, asked_until, greatest(asked_until, open_until)
        FROM judged WHERE NOT is_over ORDER BY webhook_id
        ON CONFLICT (webhook_id) DO UPDATE SET
          consecutive_failures = ${soFar('consecutive_failures')} + excluded.consecutive_failures,
          replay_failures = ${soFar('replay_failures')} + excluded.replay_failures,
          failing_since = CASE WHEN h.consecutive_failures = h.replay_failures THEN excluded.failing_since ELSE h.failing_since END,
          warned_percent = ${soFar('warned_percent')},
          times_opened = CASE WHEN excluded.times_opened = ${CLOSED} THEN 0 ELSE greatest(${soFar('times_opened')}, excluded.times_opened) END,
          asked_until = greatest(h.asked_until, excluded.asked_until),
          paused_until = greatest(${soFar('paused_until', 'h.asked_until')}, excluded.paused_until)
        RETURNING h.webhook_id, h.tenant_id, h.consecutive_failures - h.replay_failures AS failures, h.failing_since, h.warned_percent,
                  h.paused_until
      ), over AS MATERIALIZED (
        SELECT h.webhook_id FROM judged s JOIN ${t.webhook_health} h USING (webhook_id)
        WHERE s.is_over AND (SELECT count(*) FROM changed) >= 0 AND ${MAY_END} FOR UPDATE OF h SKIP LOCKED
      ), recovered AS (
        DELETE FROM ${t.webhook_health} h USING over WHERE h.webhook_id = over.webhook_id
        RETURNING h.webhook_id, h.tenant_id, 0 AS failures, h.failing_since, h.warned_percent, NULL::timestamptz AS paused_until
      )
      SELECT webhook_id, c.tenant_id, c.failures, greatest(c.warned_percent, warned_before) AS warned_percent,
             extract(epoch FROM now() - c.failing_since)::float8 * 1000 AS failing_ms,
             CASE WHEN c.paused_until > now() THEN extract(epoch FROM c.paused_until - now())::float8 * 1000 END AS paused_ms,
             NULL AS refused
      FROM (SELECT * FROM recovered UNION ALL SELECT * FROM changed) c JOIN judged USING (webhook_id)
      UNION ALL
      SELECT NULL, NULL, NULL, NULL, NULL, NULL, array_agg(place::int) FROM r WHERE place NOT IN (SELECT place FROM settled)
      HAVING count(*) > 0`;

/**
 * Which of the outcomes that the fence refused are in the log as they are here: an earlier try let them through, of which no answer
 * came. Apart from settling, which would look into the log of each day to learn that nothing was refused. Locks nothing; primary key.
 */
export function loggedStatement({ tables: t }: Database): Statement {
  return {
    name: 'posthorn_delivery_logged',
    text: `
      SELECT place::int FROM unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[]) WITH ORDINALITY
        AS r (id, number, outcome, started_at, place)
      WHERE (SELECT count(*) FROM ${t.delivery_attempt} a WHERE a.delivery_id = r.id AND a.number = r.number
             AND a.outcome = r.outcome AND a.started_at = r.started_at) > 0`,
  };
}

export const loggedValues = (refused: readonly Settlement[]): unknown[] => [
  plainArray(refused.map(({ delivery }) => delivery.id)),
  plainArray(refused.map(({ delivery }) => delivery.number)),
  plainArray(refused.map(({ attempt }) => attempt.outcome)),
  plainArray(refused.map(({ attempt }) => attempt.startedAt.toISOString())),
];

export function settleValues(batch: readonly Settlement[], circuitAfter: number): unknown[] {
  return [
    plainArray(batch.map(({ delivery }) => delivery.id)),
    plainArray(batch.map(({ delivery }) => delivery.number)),
    plainArray(batch.map(({ verdict }) => verdict.status)),
    plainArray(batch.map(({ verdict }) => verdict.reason ?? null)),
    plainArray(batch.map(({ verdict }) => verdict.retriesUsed)),
    plainArray(batch.map(({ verdict }) => verdict.waitMs ?? null)),
    plainArray(batch.map(({ attempt }) => attempt.outcome)),
    plainArray(batch.map(({ attempt }) => attempt.httpStatus ?? null)),
    textArray(batch.map(({ attempt }) => attempt.error ?? null)),
    plainArray(batch.map(({ attempt }) => attempt.startedAt.toISOString())),
    plainArray(batch.map(({ attempt }) => attempt.durationMs)),
    textArray(batch.map(({ attempt }) => attempt.url)),
    textArray(batch.map(({ attempt }) => attempt.requestHeaders)),
    bytesArray(batch.map(({ attempt }) => attempt.responseHeaders ?? null)),
    bytesArray(batch.map(({ attempt }) => attempt.responseBody ?? null)),
    plainArray(batch.map(({ pauseMs }) => pauseMs ?? null)),
    plainArray(batch.map(({ attempt }) => attempt.timing ?? null)),
    circuitAfter,
  ];
}

/** What became of one webhook; or, without one, the places of the outcomes that the fence refused, counted from 1. */
type SettledRow = HealthRow | { readonly webhook_id: null; readonly refused: readonly number[] };

interface HealthRow {
  readonly webhook_id: string;
  readonly tenant_id: string;
  readonly failures: number;
  readonly failing_ms: number;
  readonly warned_percent: number;
  readonly paused_ms: number | null;
}

/** What of a batch is settled, which is nearly always all of it, what the fence refused, and what became of the health of webhooks. */
export function settledOf(
  batch: readonly Settlement[],
  rows: readonly SettledRow[],
): { settled: Settlement[]; refused: Settlement[]; health: HealthChange[] } {
  const places = new Set(rows.flatMap((row) => (row.webhook_id === null ? row.refused : [])));
  return {
    settled: batch.filter((_, index) => !places.has(index + 1)),
    refused: batch.filter((_, index) => places.has(index + 1)),
    health: rows.flatMap((row) => (row.webhook_id === null ? [] : [toHealthChange(row)])),
  };
}

const toHealthChange = (row: HealthRow): HealthChange => ({
  webhookId: row.webhook_id,
  tenantId: row.tenant_id,
  failures: row.failures,
  failingMs: row.failing_ms,
  warnedPercent: row.warned_percent,
  pausedMs: row.paused_ms ?? undefined,
});
