// Which of the deliveries that were claimed are not to be sent any more: their webhook wants nothing, or their payload is erased.
import { Injectable } from '@nestjs/common';
import { Database, plainArray } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import type { ClaimedDelivery } from './claim/claimed-delivery.js';

@Injectable()
export class Revoked {
  private readonly statement: Statement;

  constructor(private readonly database: Database) {
    const t = database.tables;
    this.statement = {
      name: 'posthorn_delivery_revoked',
      // Webhooks and events by their keys; locks nothing. LATERAL with LIMIT, so that nothing but the key serves, as in a claim.
      text: `SELECT w.id FROM ${t.webhook} w LEFT JOIN ${t.webhook_health} h ON h.webhook_id = w.id
             WHERE w.id = ANY ($1::uuid[]) AND (NOT w.active OR w.deleted_at IS NOT NULL OR h.paused_until > now())
             UNION ALL
             SELECT e.id FROM unnest($2::uuid[]) AS sent (id) CROSS JOIN LATERAL (
               SELECT id FROM ${t.event} WHERE id = sent.id AND data_erased_at IS NOT NULL LIMIT 1) e`,
    };
  }

  /** The ids of webhooks that want nothing now, and of events whose payload is erased. */
  async among(deliveries: readonly Pick<ClaimedDelivery, 'webhookId' | 'eventId'>[]): Promise<string[]> {
    if (deliveries.length === 0) return [];
    const webhookIds = new Set(deliveries.map(({ webhookId }) => webhookId));
    const eventIds = new Set(deliveries.map(({ eventId }) => eventId));
    const rows = await this.database.query<{ id: string }>(this.statement, [
      plainArray([...webhookIds]),
      plainArray([...eventIds]),
    ]);
    return rows.map(({ id }) => id);
  }
}
