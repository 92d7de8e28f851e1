// Serial processing: of the runs of one handler with the same key, one is at work at a time, over all processes. A lane is a
// row with a lease; who finds it taken waits a little, or is put off and woken when it is free, the oldest event first. The
// edge is that of all leases: a process that is held up for longer may find another one at work in its lane.
import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../kernel/clock.js';
import { Database } from '../platform/database/index.js';
import type { Subscription } from './on-webhook.decorator.js';
import { LEASE_MS, POLL_MAX_MS, POLL_MIN_MS } from './policy.js';
import type { ReceivedEvent } from './received-event.js';
import { sha256 } from './webhook.js';

/** What one run holds while it is at work. */
export interface Lane {
  readonly tenantId: string;
  readonly handler: string;
  readonly key: string;
  readonly eventId: string;
}

const MAX_KEY_LENGTH = 255;

/**
 * The lane that a run must have; `undefined` where it needs none.
 *
 * @throws TypeError when `serialBy` gives what is neither text nor a number; and what it throws itself.
 */
export function laneOf({ serialBy }: Subscription, handler: string, event: ReceivedEvent): Lane | undefined {
  const given: unknown = serialBy?.(event as ReceivedEvent<never>);
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'string' && typeof given !== 'number')
    throw new TypeError(`serialBy of ${handler} must give text or a number, not ${typeof given}.`);
  const text = String(given);
  // What an index cannot hold is told apart by its digest.
  const key = text.length <= MAX_KEY_LENGTH && !text.includes('\0') ? text : sha256(text).toString('hex');
  return { tenantId: event.tenant, handler, key, eventId: event.id };
}

@Injectable()
export class SerialLanes {
  constructor(private readonly database: Database) {}

  /** Takes the lane, waiting for it up to `withinMs`; false when it is still taken then. */
  async enter(lane: Lane, withinMs: number): Promise<boolean> {
    const deadline = monotonicNow() + withinMs;
    for (let pauseMs = POLL_MIN_MS; !(await this.take(lane)); pauseMs = Math.min(pauseMs * 2, POLL_MAX_MS)) {
      if (monotonicNow() + pauseMs > deadline) return false;
      await delay(pauseMs);
    }
    return true;
  }

  /** Lengthens the lease of a lane that is ours. */
  async renew({ tenantId, handler, key, eventId }: Lane): Promise<void> {
    await this.database.query(
      {
        name: 'posthorn_lane_renew',
        text: `
          UPDATE ${this.database.tables.handler_lane} SET expires_at = now() + $5::float8 * interval '1 millisecond'
          WHERE tenant_id = $1 AND handler = $2 AND key = $3 AND received_event_id = $4`,
      },
      [tenantId, handler, key, eventId, LEASE_MS],
    );
  }

  /**
   * Gives the lane up, makes the oldest run that was put off for it due, and says of which event it is.
   *
   * One statement. Locks: the lane's row, then that run's, skipping one that is being claimed. Index: the primary keys and
   * `handler_run_serial`.
   */
  async leave({ tenantId, handler, key, eventId }: Lane): Promise<string | undefined> {
    const { handler_lane, handler_run } = this.database.tables;
    const [next] = await this.database.query<{ id: string }>(
      {
        name: 'posthorn_lane_leave',
        text: `
          WITH freed AS (
            DELETE FROM ${handler_lane}
            WHERE tenant_id = $1 AND handler = $2 AND key = $3 AND received_event_id = $4 RETURNING 1
          ), next AS (
            SELECT received_event_id FROM ${handler_run}
            WHERE tenant_id = $1 AND handler = $2 AND serial_key = $3 AND serial_key IS NOT NULL AND status = 'pending'
              AND EXISTS (SELECT FROM freed)
            ORDER BY received_event_id LIMIT 1 FOR UPDATE SKIP LOCKED
          )
          UPDATE ${handler_run} r SET due_at = now() FROM next
          WHERE r.received_event_id = next.received_event_id AND r.handler = $2
          RETURNING r.received_event_id AS id`,
      },
      [tenantId, handler, key, eventId],
    );
    return next?.id;
  }

  /**
   * Takes the lane if it is free, its lease has ended, or it is this event's (a crash left it). Of any number of concurrent
   * takers one gets it: they wait for the row (ON CONFLICT) and then look at what it has become.
   */
  private async take({ tenantId, handler, key, eventId }: Lane): Promise<boolean> {
    const rows = await this.database.query(
      {
        name: 'posthorn_lane_take',
        text: `
          INSERT INTO ${this.database.tables.handler_lane} AS l (tenant_id, handler, key, received_event_id, expires_at)
          VALUES ($1, $2, $3, $4, now() + $5::float8 * interval '1 millisecond')
          ON CONFLICT (tenant_id, handler, key) DO UPDATE
            SET received_event_id = excluded.received_event_id, expires_at = excluded.expires_at
            WHERE l.expires_at <= now() OR l.received_event_id = excluded.received_event_id
          RETURNING 1`,
      },
      [tenantId, handler, key, eventId, LEASE_MS],
    );
    return rows.length > 0;
  }
}
