// What waits of a tenant, or of one of its webhooks: counted when somebody asks, and no further than it takes to know that it is much.
import { Injectable } from '@nestjs/common';
import { FIRST_ID, LAST_ID } from '../../kernel/ids.js';
import { Database, TenantDatabase } from '../../platform/database/index.js';
import type { Statement, Tables } from '../../platform/database/index.js';

interface Backlog {
  readonly pending: number;
  readonly scheduled: number;
  readonly retrying: number;
  readonly sending: number;
  readonly oldestDueSeconds: number | null;
}

/** Waiting deliveries that are counted; beyond that there are "at least so many". */
export const MAX_COUNTED = 10_000;

@Injectable()
export class BacklogRepository {
  private readonly ofTenant: Statement;
  private readonly ofWebhook: Statement;

  constructor(
    database: Database,
    private readonly tenants: TenantDatabase,
  ) {
    this.ofTenant = { name: 'posthorn_stats_backlog', text: backlogText(database.tables) };
    this.ofWebhook = {
      name: 'posthorn_stats_webhook_backlog',
      text: backlogText(database.tables, { pending: pendingOfWebhook, delivery: 'webhook_id = $2' }),
    };
  }

  /** Counted up to {@link MAX_COUNTED} of each kind. */
  async count(tenantId: string, webhookId?: string): Promise<Backlog> {
    const [statement, values] = webhookId ? [this.ofWebhook, [tenantId, webhookId]] : [this.ofTenant, [tenantId]];
    const [row] = await this.tenants.of(tenantId).query<Backlog>(statement, values);
    return row as Backlog;
  }
}

/** From the oldest on. A comparison of rows, which delivery_status alone can serve. */
const pendingOfTenant = (t: Tables): string => `
        SELECT due_at FROM ${t.delivery} WHERE status = 'pending'
          AND (tenant_id, status, id) BETWEEN ($1, 'pending', '${FIRST_ID}') AND ($1, 'pending', '${LAST_ID}')
        ORDER BY tenant_id, status, id`;

/** From the oldest on. Index delivery_pending; of another tenant's webhook, nothing is read. */
const pendingOfWebhook = (t: Tables): string => `
        SELECT d.due_at FROM ${t.webhook} w CROSS JOIN LATERAL (
          SELECT x.due_at FROM ${t.delivery} x WHERE x.webhook_id = w.id AND x.status = 'pending' ORDER BY x.id) d
        WHERE w.tenant_id = $1 AND w.id = $2`;

/**
 * No locks. What is pending: above. Indexes of the rest: delivery_status of a tenant, and delivery_retrying_webhook of one
 * webhook; delivery_sending, with no more rows than all workers have in flight.
 */
const backlogText = (t: Tables, { pending, delivery } = { pending: pendingOfTenant, delivery: 'true' }): string => `
  SELECT waiting.pending, later.scheduled, later.retrying, under_way.sending,
         extract(epoch FROM now() - waiting.oldest_due_at)::float8 AS "oldestDueSeconds"
  FROM (
    SELECT count(*)::int AS pending, min(due_at) FILTER (WHERE due_at <= now()) AS oldest_due_at FROM (
      ${pending(t).trim()} LIMIT ${MAX_COUNTED}) found
  ) waiting, (
    SELECT (count(*) FILTER (WHERE attempt_count = 0))::int AS scheduled,
           (count(*) FILTER (WHERE attempt_count > 0))::int AS retrying
    FROM (
      SELECT attempt_count FROM ${t.delivery}
      WHERE tenant_id = $1 AND ${delivery} AND status = 'retrying' LIMIT ${MAX_COUNTED}) found
  ) later, (
    SELECT count(*)::int AS sending FROM (
      SELECT tenant_id, webhook_id FROM ${t.delivery} WHERE status = 'sending' OFFSET 0) flying
    WHERE tenant_id = $1 AND ${delivery}
  ) under_way`;
