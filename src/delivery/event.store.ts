// Stores events and fans them out: the one place where `event` and first `delivery` rows are born.
import { Injectable } from '@nestjs/common';
import { patternsMatching } from '../kernel/event-match.js';
import { Database, plainArray } from '../platform/database/index.js';
import type { SqlExecutor, Statement } from '../platform/database/index.js';
import { laneOf } from './lanes.js';

/** An event that passed every check and is ready to be stored. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: Date;
  /** JSON text of `data`: these characters, as UTF-8, are what every attempt sends. */
  readonly data: string;
  readonly idempotencyKey?: string;
  /** What it is sent in order with, to ordered webhooks. */
  readonly orderingKey?: string;
  /** Narrows the matching webhooks to these. */
  readonly webhookIds?: readonly string[];
  /** Its first attempts do not come before this moment. */
  readonly deliverAt?: Date;
  /** How long its deliveries are worth sending, in milliseconds; absent: as long as each webhook says. */
  readonly expiresAfterMs?: number;
}

@Injectable()
export class EventStore {
  private readonly insert: Statement;
  private readonly insertForOne: Statement;
  private readonly unknown: Statement;

  constructor(private readonly database: Database) {
    const t = database.tables;
    this.insert = {
      name: 'posthorn_event_insert',
      // Reads webhook by (tenant_id) or by the GIN index on patterns; locks nothing but the rows it inserts. One
      // statement, so that storing and fanning out cost one round trip; the query builder has no INSERT … SELECT. Who
      // subscribes is asked once per type, not once per event.
      // A delivery's id begins with its event's first 18 characters (its millisecond), so that both live in the same
      // partition and an event's deliveries are found by a range of ids, without an index on event_id.
      // What is to be delivered later waits where retries wait, so that all that finds, skips, keeps and erases them does
      // so too; that it has had no attempt tells it from them. It expires by PostgreSQL's clock, counted from now, not
      // from the beginning of a caller's long transaction.
      text: `
        WITH input AS (
          SELECT id, type, occurred_at, data, idempotency_key, patterns, string_to_array(webhook_ids, ',')::uuid[] AS webhook_ids,
                 deliver_at, expires_after_ms, ordering_key
          FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[],
                      $9::timestamptz[], $10::int[], $11::text[])
            AS i (id, type, occurred_at, data, idempotency_key, patterns, webhook_ids, deliver_at, expires_after_ms, ordering_key)
        ), stored AS (
          INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data, idempotency_key, expires_after_ms, ordering_key)
          SELECT id, $1, type, occurred_at, convert_to(data, 'UTF8'), idempotency_key, expires_after_ms, ordering_key FROM input
        ), matching AS MATERIALIZED (
          SELECT asked.type, w.id, w.active, w.expires_after_ms, w.ordered
          FROM (SELECT DISTINCT type, patterns FROM input) asked
          JOIN ${t.webhook} w ON w.tenant_id = $1 AND w.deleted_at IS NULL AND w.patterns && string_to_array(asked.patterns, ',')
        ), fanned AS (
          INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, reason, due_at, completed_at, expires_at, lane)
          SELECT (left(i.id::text, 18) || right(gen_random_uuid()::text, 18))::uuid, $1, i.id, i.type, w.id,
                 CASE WHEN NOT w.active THEN 'skipped' WHEN i.deliver_at > statement_timestamp() THEN 'retrying' ELSE 'pending' END,
                 CASE WHEN w.active THEN NULL ELSE 'webhook_disabled' END,
                 CASE WHEN w.active THEN greatest(now(), i.deliver_at) END,
                 CASE WHEN w.active THEN NULL ELSE now() END,
                 CASE WHEN w.active THEN greatest(statement_timestamp(), i.deliver_at)
                   + coalesce(i.expires_after_ms, w.expires_after_ms) * interval '1 ms' END,
                 ${laneOf('w', 'i.ordering_key')}
          FROM input i JOIN matching w USING (type)
          WHERE i.webhook_ids IS NULL OR w.id = ANY (i.webhook_ids)
          RETURNING event_id, status
        )
        SELECT event_id AS id, (count(*) FILTER (WHERE status <> 'skipped'))::int AS pending FROM fanned GROUP BY event_id`,
    };
    this.insertForOne = {
      name: 'posthorn_event_insert_for_one',
      // Finds the webhook by its key. One statement: nothing is stored for a webhook that was disabled a moment before.
      // A pause of the webhook ends: someone wants to see what happens now.
      text: `
        WITH target AS (
          SELECT id, expires_after_ms, ordered FROM ${t.webhook} WHERE tenant_id = $1 AND id = $2 AND active AND deleted_at IS NULL
        ), stored AS (
          INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data)
          SELECT $3, $1, $4, $5, convert_to($6, 'UTF8') FROM target
        ), probed AS (
          UPDATE ${t.webhook_health} h SET paused_until = NULL FROM target
          WHERE h.webhook_id = target.id AND h.paused_until IS NOT NULL
        )
        INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, due_at, expires_at, lane, is_test)
        SELECT (left($3::text, 18) || right(gen_random_uuid()::text, 18))::uuid, $1, $3, $4, target.id, 'pending', now(),
               now() + target.expires_after_ms * interval '1 ms', ${laneOf('target', 'NULL')}, true
        FROM target
        RETURNING id`,
    };
    this.unknown = {
      name: 'posthorn_event_unknown_webhooks',
      text: `SELECT asked.id FROM unnest($2::uuid[]) AS asked (id)
             LEFT JOIN ${t.webhook} w ON w.id = asked.id AND w.tenant_id = $1 AND w.deleted_at IS NULL
             WHERE w.id IS NULL`,
    };
  }

  /** Stores the events with one delivery per matching webhook, and tells how many deliveries of each are pending. */
  async add(executor: SqlExecutor, tenantId: string, events: readonly NewEvent[]): Promise<Map<string, number>> {
    const rows = await executor.query<{ id: string; pending: number }>(this.insert, [
      tenantId,
      plainArray(events.map((event) => event.id)),
      events.map((event) => event.type),
      plainArray(events.map((event) => event.occurredAt.toISOString())),
      events.map((event) => event.data),
      events.map((event) => event.idempotencyKey ?? null),
      events.map((event) => patternsMatching(event.type).join(',')),
      events.map((event) => event.webhookIds?.join(',') ?? null),
      plainArray(events.map((event) => event.deliverAt?.toISOString() ?? null)),
      plainArray(events.map((event) => event.expiresAfterMs ?? null)),
      events.map((event) => event.orderingKey ?? null),
    ]);
    return new Map(rows.map((row) => [row.id, row.pending]));
  }

  /**
   * Stores a test event with one delivery, to this webhook alone, whatever it subscribes to.
   *
   * @returns false, with nothing stored, where the tenant has no such webhook, or it is disabled.
   */
  async addForOneWebhook(
    executor: SqlExecutor,
    tenantId: string,
    webhookId: string,
    event: Pick<NewEvent, 'id' | 'type' | 'occurredAt' | 'data'>,
  ): Promise<boolean> {
    const { id, type, occurredAt, data } = event;
    const rows = await executor.query(this.insertForOne, [tenantId, webhookId, id, type, occurredAt, data]);
    return rows.length > 0;
  }

  /** Which of these ids name no webhook of the tenant. */
  async unknownWebhooks(
    tenantId: string,
    ids: readonly string[],
    executor: SqlExecutor = this.database,
  ): Promise<string[]> {
    const rows = await executor.query<{ id: string }>(this.unknown, [tenantId, ids]);
    return rows.map((row) => row.id);
  }
}
