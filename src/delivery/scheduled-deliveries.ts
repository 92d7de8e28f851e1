// Alarms for events that are to be delivered later. Like those of retries they are hints: the sweep finds what has none.
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { JOB_HORIZON_MS, RetryQueue } from './retry/retry.queue.js';

@Injectable()
export class ScheduledDeliveries {
  private readonly logger = new Logger('ScheduledDeliveries');
  private readonly statement: Statement;

  constructor(
    private readonly database: Database,
    private readonly retries: RetryQueue,
  ) {
    this.statement = {
      name: 'posthorn_delivery_scheduled',
      // Locks nothing. A dispatch's deliveries share the first 18 characters of its event's id: a range of the primary key.
      text: `SELECT d.id, d.attempt_count AS number, extract(epoch FROM d.due_at - now())::float8 * 1000 AS wait_ms
             FROM unnest($1::uuid[]) AS e (id) JOIN ${database.tables.delivery} d ON d.event_id = e.id
               AND d.id >= (left(e.id::text, 18) || '-0000-000000000000')::uuid
               AND d.id <= (left(e.id::text, 18) || '-ffff-ffffffffffff')::uuid
             WHERE d.status = 'retrying' AND d.due_at <= now() + ${JOB_HORIZON_MS} * interval '1 ms'`,
    };
  }

  /** Sets the alarms of committed events, as far as they are not far off. Nobody waits for it, and it never rejects. */
  remind(eventIds: readonly string[]): void {
    if (eventIds.length === 0) return;
    this.database.query<ScheduledRow>(this.statement, [eventIds]).then(
      (rows) =>
        this.retries.remind(
          rows.map(({ id: deliveryId, number, wait_ms: waitMs }) => ({
            deliveryId,
            number,
            waitMs: Math.max(0, waitMs),
          })),
        ),
      (error: Error) =>
        this.logger.debug(`No alarms for ${eventIds.length} events; the sweep will see to them: ${error.message}`),
    );
  }
}

interface ScheduledRow {
  id: string;
  number: number;
  wait_ms: number;
}
