// The SQL of claims for webhooks that have limits of their own, or an order.
import { FIRST_ID } from '../../kernel/ids.js';
import type { Tables } from '../../platform/database/index.js';
import {
  BUSY,
  CLAIMED,
  CLAIMED_COLUMNS,
  FROM_PROBE,
  IS_PROBE,
  oldestOf,
  probeId,
  probeOf,
  probing,
  taking,
  turn,
} from './claim.statements.js';
import { BEFORE_LANES, inLane, laneOrder } from './lanes.js';

/** Lanes that one claim looks at, for each webhook: each is an index scan of every partition, and all others wait for it. */
const MAX_STEPS = 1_000;

/** The head of a lane may be old. */
const EVERY_DAY = `'${FIRST_ID}'::uuid`;

/** Parts of the window of a rate limit in which claims are counted together. */
const SLICES = 20;

/**
 * Claims for webhooks that have limits of their own; two processes never do so for the same webhook at once.
 *
 * Locks their rows in webhook_pace (SKIP LOCKED: where another process has one, that one claims), then the delivery rows
 * it takes. Whoever locks a row just after another let it go may still have a snapshot from before, in which the other's
 * deliveries are not yet sending: each claim counts up `claims`, and a snapshot in which that is not the same as in the
 * locked row, which is always the newest, takes nothing. So counting what is being sent, and seeing which lanes are free,
 * is as sure as the lock.
 *
 * Rate: claims of one slice of the window count together, for as long as the last of them is inside the window. Hence
 * never more than `max` in any window, and at most a slice later than need be. clock_timestamp(), not now(): the
 * snapshot, and with it every claim that is counted, is older than it.
 *
 * Order: only the head of a lane is taken, by index delivery_lane; what is being sent is ahead of everything. The lanes of the
 * oldest that are pending come first. Where these are too few, a walk goes from the head of one lane to that of the next: it starts
 * at a random one and goes round, so that none is always the last, and no further than MAX_STEPS, since heads that wait to be
 * retried are there as well, however many. The row comparisons make PostgreSQL go along the index whatever the statistics say. A
 * head that is not due yet was postponed, and holds its lane meanwhile. Deliveries made before the webhook was ordered have no
 * lane; they are taken as they come to be the oldest.
 *
 * Shares of the room are rounded up, so together they may be more than there is: chance says which are cut, or they would be
 * those of the same webhooks each time.
 *
 * $1 the webhooks; the other parameters are those of the claim for all.
 */
export const pacedClaimText = (t: Tables): string => `
  WITH RECURSIVE ${BUSY}, seen AS MATERIALIZED (
    SELECT webhook_id, claims FROM ${t.webhook_pace} WHERE webhook_id = ANY ($1::uuid[])
  ), held AS MATERIALIZED (
    SELECT p.webhook_id, p.claimed_at, p.claimed, clock_timestamp() AS at
    FROM ${t.webhook_pace} p JOIN seen ON seen.webhook_id = p.webhook_id AND seen.claims = p.claims
    FOR UPDATE OF p SKIP LOCKED
  ), sending AS MATERIALIZED (
    SELECT d.webhook_id, count(*)::int AS count FROM ${t.delivery} d
    WHERE d.status = 'sending' AND d.webhook_id = ANY ($1::uuid[]) GROUP BY d.webhook_id
  ), allowed AS MATERIALIZED (
    SELECT held.webhook_id, w.ordered, ${probeId(EVERY_DAY)} AS probe_id, ${IS_PROBE}, CASE
      WHEN NOT w.active OR w.deleted_at IS NOT NULL OR h.paused_until > now() THEN 0
      ELSE greatest(0, least(
        CASE WHEN h.times_opened > 0 THEN (${probing(EVERY_DAY)})::int ELSE coalesce(busy.room, $4) END,
        w.max_in_flight - CASE WHEN w.max_in_flight IS NOT NULL THEN coalesce(
          (SELECT sending.count FROM sending WHERE sending.webhook_id = held.webhook_id), 0) END,
        w.rate_limit_max - (SELECT coalesce(sum(c.n), 0) FROM unnest(held.claimed_at, held.claimed) AS c (at, n)
                            WHERE c.at > held.at - w.rate_limit_seconds * interval '1 s')))
    END AS room
    FROM held JOIN ${t.webhook} w ON w.id = held.webhook_id
    LEFT JOIN ${t.webhook_health} h ON h.webhook_id = held.webhook_id
    LEFT JOIN busy ON busy.webhook_id = held.webhook_id
  ), unordered AS (
    SELECT p.* FROM allowed a
    LEFT JOIN LATERAL (${probeOf(t, 'a.webhook_id', 'a.probe_id', EVERY_DAY)}
    ) probe ON true
    CROSS JOIN LATERAL (
      SELECT d.id, d.event_id, d.expires_at, d.webhook_id FROM ${t.delivery} d
      WHERE ${oldestOf('a.webhook_id', EVERY_DAY, FROM_PROBE)} LIMIT a.room FOR UPDATE SKIP LOCKED
    ) p
    WHERE NOT a.ordered AND a.room > 0
  ), oldest AS MATERIALIZED (
    SELECT d.* FROM allowed a CROSS JOIN LATERAL (
      SELECT d.id, d.webhook_id, d.lane FROM ${t.delivery} d WHERE ${oldestOf('a.webhook_id', EVERY_DAY)} LIMIT a.room
    ) d
    WHERE a.ordered AND a.room > 0
  ), heads AS MATERIALIZED (
    SELECT head.id FROM allowed a CROSS JOIN LATERAL (
      SELECT o.id FROM oldest o WHERE o.webhook_id = a.webhook_id AND o.lane IS NULL
      UNION ALL
      SELECT first.id FROM (
        SELECT DISTINCT o.lane FROM oldest o WHERE o.webhook_id = a.webhook_id AND o.lane IS NOT NULL
      ) known CROSS JOIN LATERAL (
        SELECT d.id, d.status, d.due_at FROM ${t.delivery} d
        WHERE (d.webhook_id, d.lane) >= (a.webhook_id, known.lane) AND (d.webhook_id, d.lane) <= (a.webhook_id, known.lane) AND ${inLane('d')}
        ORDER BY d.webhook_id, d.lane, ${laneOrder('d')} LIMIT 1
      ) first WHERE first.status = 'pending' AND first.due_at <= clock_timestamp()
      UNION ALL
      SELECT walk.id FROM (
        WITH RECURSIVE walk (lane, id, status, due_at, lap, start, step) AS (
          SELECT start, NULL::uuid, NULL::text, NULL::timestamptz, 0, start, 0 FROM (SELECT ((random() - 0.5) * 1.8e19)::bigint) AS s (start)
          UNION ALL
          SELECT coalesce(next.lane, '${BEFORE_LANES}'), next.id, next.status, next.due_at, walk.lap + (next.lane IS NULL)::int, walk.start, walk.step + 1
          FROM walk LEFT JOIN LATERAL (
            SELECT d.webhook_id, d.lane, d.id, d.status, d.due_at FROM ${t.delivery} d
            WHERE (d.webhook_id, d.lane) > (a.webhook_id, walk.lane) AND ${inLane('d')}
            ORDER BY d.webhook_id, d.lane, ${laneOrder('d')} LIMIT 1
          ) next ON next.webhook_id = a.webhook_id
          WHERE walk.step < ${MAX_STEPS} AND (walk.lap = 0 OR (walk.lap = 1 AND walk.lane < walk.start))
        )
        SELECT id, status, due_at, lane, lap, start FROM walk
      ) walk WHERE walk.status = 'pending' AND walk.due_at <= clock_timestamp() AND (walk.lap = 0 OR walk.lane <= walk.start)
        AND walk.lane <> ALL (ARRAY(SELECT o.lane FROM oldest o WHERE o.webhook_id = a.webhook_id AND o.lane IS NOT NULL))
      LIMIT a.room
    ) head
    WHERE a.ordered AND a.room > 0
  ), ordered AS (
    SELECT p.* FROM heads CROSS JOIN LATERAL (
      SELECT d.id, d.event_id, d.expires_at, d.webhook_id FROM ${t.delivery} d
      WHERE d.id = heads.id AND d.status = 'pending' FOR UPDATE SKIP LOCKED
    ) p
  ), picked AS (
    SELECT p.*, a.is_probe, ${turn('PARTITION BY p.webhook_id ORDER BY p.id')}
    FROM (SELECT * FROM unordered UNION ALL SELECT * FROM ordered) p JOIN allowed a USING (webhook_id) ORDER BY random() LIMIT $5
  ), ${taking(t, EVERY_DAY)}, counted AS (
    UPDATE ${t.webhook_pace} p SET claims = p.claims + 1, claimed_at = slices.at, claimed = slices.n
    FROM (SELECT webhook_id, count(*)::int AS n FROM claimed WHERE status = 'sending' GROUP BY webhook_id) c
    JOIN held ON held.webhook_id = c.webhook_id
    JOIN ${t.webhook} w ON w.id = c.webhook_id
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(slice.at ORDER BY slice.at), '{}') AS at,
             coalesce(array_agg(slice.n ORDER BY slice.at), '{}') AS n
      FROM (
        SELECT max(c1.at) AS at, sum(c1.n)::int AS n
        FROM (SELECT * FROM unnest(held.claimed_at, held.claimed) AS o (at, n) UNION ALL SELECT held.at, c.n) c1
        WHERE c1.at > held.at - w.rate_limit_seconds * interval '1 s'
        GROUP BY date_bin(w.rate_limit_seconds * interval '1 s' / ${SLICES}, c1.at, 'epoch')
      ) slice
    ) slices
    WHERE p.webhook_id = c.webhook_id
  )
  SELECT ${CLAIMED_COLUMNS}
  FROM ${CLAIMED} CROSS JOIN durability LEFT JOIN secrets USING (webhook_id)
  ORDER BY c.id`;
