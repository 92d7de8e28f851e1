// Gives back deliveries that were claimed and never sent. The numbers of their attempts were not used.
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../platform/database/index.js';
import type { Statement } from '../../platform/database/index.js';
import type { ClaimedDelivery } from './claimed-delivery.js';

/** How long deliveries wait that cannot be signed at the moment. */
const UNSIGNED_MS = 5_000;

type Held = Pick<ClaimedDelivery, 'id' | 'number'>;

@Injectable()
export class ClaimRelease {
  private readonly logger = new Logger('Delivery');
  private readonly releaseStatement: Statement;
  private readonly postponeStatement: Statement;

  constructor(private readonly database: Database) {
    const t = database.tables;
    this.releaseStatement = {
      name: 'posthorn_delivery_release',
      text: `
        UPDATE ${t.delivery} d SET status = 'pending', attempt_count = d.attempt_count - 1, due_at = now()
        FROM unnest($1::uuid[], $2::int[]) AS r (id, number)
        WHERE d.id = r.id AND d.status = 'sending' AND d.attempt_count = r.number`,
    };
    this.postponeStatement = {
      name: 'posthorn_delivery_postpone',
      // For deliveries that cannot be sent yet: they wait where retries wait, without using up a retry. One that has a lane
      // stays pending instead, at the head of it, where claims leave it until it is due. A retry that was never tried is not in
      // its lane: the next delivery would be sent before it.
      text: `
        UPDATE ${t.delivery} d
        SET status = CASE WHEN d.lane IS NOT NULL AND (SELECT w.ordered FROM ${t.webhook} w WHERE w.id = d.webhook_id)
                          THEN 'pending' ELSE 'retrying' END,
            attempt_count = d.attempt_count - 1, due_at = now() + $3 * interval '1 ms'
        FROM unnest($1::uuid[], $2::int[]) AS r (id, number)
        WHERE d.id = r.id AND d.status = 'sending' AND d.attempt_count = r.number`,
    };
  }

  /** They are due at once, for whoever claims them. Never rejects: where it fails, their leases bring them back. */
  async release(deliveries: readonly Held[]): Promise<void> {
    if (deliveries.length === 0) return;
    await this.database.query(this.releaseStatement, valuesOf(deliveries)).catch(() => undefined);
  }

  /**
   * For those that cannot be signed yet: they come again in a while, as if they had not been tried. Never rejects: where it fails,
   * their leases bring them back.
   */
  async postpone(deliveries: readonly Held[], why: string): Promise<void> {
    this.logger.warn(`${deliveries.length} deliveries wait to be signed: ${why}`);
    await this.database.query(this.postponeStatement, [...valuesOf(deliveries), UNSIGNED_MS]).catch(() => undefined);
  }
}

const valuesOf = (deliveries: readonly Held[]): unknown[] => [
  deliveries.map(({ id }) => id),
  deliveries.map(({ number }) => number),
];
