// What waits of a tenant, or of one of its webhooks: counted when somebody asks, and no further than it takes to know that it is much.
import { Injectable } from '@nestjs/common';
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
      text: backlogText(database.tables, { webhook: 'w.id = $2', delivery: 'webhook_id = $2' }),
    };
  }

  /** Counted up to {@link MAX_COUNTED} of each kind. */
  async count(tenantId: string, webhookId?: string): Promise<Backlog> {
    const [statement, values] = webhookId ? [this.ofWebhook, [tenantId, webhookId]] : [this.ofTenant, [tenantId]];
    const [row] = await this.tenants.of(tenantId).query<Backlog>(statement, values);
    return row as Backlog;
  }
}

/**
 * No locks. Indexes: delivery_pending, from the oldest of each webhook on; delivery_unsuccessful of a tenant, and
 * delivery_retrying_webhook of one webhook; delivery_sending, with no more rows than all workers have in flight.
 */
const backlogText = (t: Tables, { webhook, delivery } = { webhook: 'true', delivery: 'true' }): string => `
  SELECT waiting.pending, later.scheduled, later.retrying, under_way.sending,
         extract(epoch FROM now() - waiting.oldest_due_at)::float8 AS "oldestDueSeconds"
  FROM (
    SELECT count(*)::int AS pending, min(due_at) FILTER (WHERE due_at <= now()) AS oldest_due_at FROM (
      SELECT d.due_at FROM ${t.webhook} w CROSS JOIN LATERAL (
        SELECT x.due_at FROM ${t.delivery} x WHERE x.webhook_id = w.id AND x.status = 'pending'
        ORDER BY x.id LIMIT ${MAX_COUNTED}) d
      WHERE w.tenant_id = $1 AND ${webhook} LIMIT ${MAX_COUNTED}) found
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
