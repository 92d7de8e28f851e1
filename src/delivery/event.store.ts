// Stores events and fans them out: the one place where `event` and first `delivery` rows are born.
import { Inject, Injectable } from '@nestjs/common';
import { patternsMatching } from '../kernel/event-match.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { bytesArray, Database, plainArray, textArray } from '../platform/database/index.js';
import type { SqlExecutor, Statement } from '../platform/database/index.js';
import type { FilterInput } from '../kernel/event-filter/event-filter.js';
import { FiltersUnsettledError } from './delivery.errors.js';
import type { Claim, ClaimedDelivery } from './claim.js';
import { LEASE_MARGIN_MS } from './claim.statements.js';
import { KnownFilters } from './known-filters.js';
import { laneOf } from './lanes.js';
import { NO_ROOM } from './send-queue.js';
import type { Room } from './send-queue.js';
import { liveSecrets, PACED, TARGET, TARGET_COLUMNS, WebhookTargets } from './webhook-targets.js';
import type { TargetRow, WebhookTarget } from './webhook-targets.js';

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
  /** What filters may look at besides the data. */
  readonly tags?: readonly string[];
  /** Narrows the matching webhooks to these. */
  readonly webhookIds?: readonly string[];
  /** Its first attempts do not come before this moment. */
  readonly deliverAt?: Date;
  /** How long its deliveries are worth sending, in milliseconds; absent: as long as each webhook says. */
  readonly expiresAfterMs?: number;
}

/** What storing events came to. */
export interface StoredEvents {
  /** How many deliveries of each event are pending or on their way, by event id. */
  readonly deliveries: ReadonlyMap<string, number>;
  /** Those of them that were claimed as they were stored: they are the caller's to send. */
  readonly claim: Pick<Claim, 'claimed' | 'data'>;
}

/** How often filters may change while events are being stored; each try sees a later moment. */
const MAX_TRIES = 10;

@Injectable()
export class EventStore {
  private readonly insert: Statement;
  private readonly insertForOne: Statement;
  private readonly unknown: Statement;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly targets: WebhookTargets,
    private readonly filters: KnownFilters,
  ) {
    const t = database.tables;
    this.insert = {
      name: 'posthorn_event_insert',
      // Reads webhook by (tenant_id) or by the GIN index on patterns; locks nothing but the rows it inserts. One
      // statement, so that storing and fanning out cost one round trip; the query builder has no INSERT … SELECT. Who
      // subscribes is asked once per type, not once per event.
      // A delivery's id begins with its event's first 18 characters (its millisecond), so that both live in the same
      // partition and an event's deliveries are found by a range of ids, without an index on event_id.
      // What is to be delivered later waits where retries wait, so that all that finds, skips, keeps and erases them does
      // so too; that it has had no attempt tells it from them.
      // Claims what there is room for as it is inserted, by the rules of the claim: one version of the row less, and one
      // round trip. Not what a claim does more for: limits, an order, pauses and probes, an end, a guarantee that has the
      // claim on disk before anything is sent whatever the server's default is.
      // $12 $13 busy webhooks and their room, $14 room of the others, $15 room in all, $16 deadline in milliseconds.
      // $17 the filters that the events were judged by: where a webhook that an event is for has another, nothing is stored,
      // and the answer tells those filters.
      // A delivery that comes later expires by PostgreSQL's clock, counted from now, not
      // from the beginning of a caller's long transaction.
      text: `
        WITH input AS (
          SELECT id, type, occurred_at, data, idempotency_key, patterns, string_to_array(webhook_ids, ',')::uuid[] AS webhook_ids,
                 deliver_at, expires_after_ms, ordering_key, string_to_array(filtered_out, ',')::uuid[] AS filtered_out, string_to_array(tags, ',') AS tags
          FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::bytea[], $6::text[], $7::text[], $8::text[],
                      $9::timestamptz[], $10::int[], $11::text[], $18::text[], $19::text[])
            AS i (id, type, occurred_at, data, idempotency_key, patterns, webhook_ids, deliver_at, expires_after_ms, ordering_key, filtered_out, tags)
        ), busy AS (
          SELECT * FROM unnest($12::uuid[], $13::int[]) AS b (webhook_id, room)
        ), matching AS MATERIALIZED (
          SELECT asked.type, w.id AS webhook_id, w.active, w.expires_after_ms, w.ordered, w.filter_id, w.filter, ${TARGET},
                 CASE WHEN w.active AND w.guarantee = 'at-least-once' AND w.expires_after_ms IS NULL AND h.webhook_id IS NULL AND NOT ${PACED}
                      THEN coalesce(busy.room, $14) ELSE 0 END AS room
          FROM (SELECT DISTINCT type, patterns FROM input) asked
          JOIN ${t.webhook} w ON w.tenant_id = $1 AND w.deleted_at IS NULL AND w.patterns && string_to_array(asked.patterns, ',')
          JOIN ${t.tenant} tenant ON tenant.id = w.tenant_id
          LEFT JOIN ${t.webhook_health} h ON h.webhook_id = w.id
          LEFT JOIN busy ON busy.webhook_id = w.id
        ), unjudged AS (
          SELECT filter_id, filter FROM matching WHERE filter_id IS NOT NULL AND filter_id <> ALL ($17::uuid[])
        ), stored AS (
          INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data, idempotency_key, expires_after_ms, ordering_key, tags)
          SELECT id, $1, type, occurred_at, data, idempotency_key, expires_after_ms, ordering_key, tags FROM input
          WHERE NOT EXISTS (SELECT FROM unjudged)
        ), fan AS (
          SELECT *, at_once AND count(*) FILTER (WHERE at_once) OVER (ORDER BY event_id ROWS UNBOUNDED PRECEDING) <= $15 AS claimed
          FROM (
            SELECT i.id AS event_id, i.type, i.deliver_at, coalesce(i.expires_after_ms, w.expires_after_ms) AS expires_after_ms,
                   w.webhook_id, w.active, w.timeout_ms, ${laneOf('w', 'i.ordering_key')} AS lane,
                   i.deliver_at IS NULL AND i.expires_after_ms IS NULL
                     AND row_number() OVER (PARTITION BY w.webhook_id ORDER BY i.id) <= w.room AS at_once
            FROM input i JOIN matching w USING (type)
            WHERE (i.webhook_ids IS NULL OR w.webhook_id = ANY (i.webhook_ids))
              AND (i.filtered_out IS NULL OR w.filter_id IS NULL OR w.filter_id <> ALL (i.filtered_out))
              AND NOT EXISTS (SELECT FROM unjudged)
          ) f
        ), fanned AS (
          INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, reason, attempt_count, due_at, completed_at, expires_at, lane)
          SELECT (left(event_id::text, 18) || right(gen_random_uuid()::text, 18))::uuid, $1, event_id, type, webhook_id,
                 CASE WHEN NOT active THEN 'skipped' WHEN claimed THEN 'sending' WHEN deliver_at > statement_timestamp() THEN 'retrying' ELSE 'pending' END,
                 CASE WHEN active THEN NULL ELSE 'webhook_disabled' END,
                 claimed::int,
                 CASE WHEN claimed THEN now() + (coalesce(timeout_ms, $16) + ${LEASE_MARGIN_MS}) * interval '1 ms' WHEN active THEN greatest(now(), deliver_at) END,
                 CASE WHEN active THEN NULL ELSE now() END,
                 CASE WHEN active THEN greatest(statement_timestamp(), deliver_at) + expires_after_ms * interval '1 ms' END,
                 lane
          FROM fan
          RETURNING id, event_id, webhook_id, status
        ), claimed AS (
          SELECT DISTINCT ON (webhook_id) * FROM matching
          WHERE webhook_id IN (SELECT webhook_id FROM fanned WHERE status = 'sending')
        ), secrets AS (${liveSecrets(t, 'claimed')}
        )
        SELECT NULL AS webhook_id, string_agg(event_id || ' ' || deliveries || claimed, ',' ORDER BY event_id) AS stored,
               NULL::uuid[] AS secret_ids, ${TARGET_COLUMNS.map((column) => `NULL AS ${column}`).join(', ')}, NULL::uuid AS filter_id, NULL::json AS filter
        FROM (
          SELECT event_id, count(*) FILTER (WHERE status <> 'skipped') AS deliveries,
                 coalesce(string_agg(' ' || webhook_id || ' ' || id, '') FILTER (WHERE status = 'sending'), '') AS claimed
          FROM fanned GROUP BY event_id
        ) e
        UNION ALL
        SELECT webhook_id, NULL, secrets.ids, ${TARGET_COLUMNS.join(', ')}, NULL, NULL FROM claimed LEFT JOIN secrets USING (webhook_id)
        UNION ALL
        SELECT NULL, NULL, NULL, ${TARGET_COLUMNS.map(() => 'NULL').join(', ')}, filter_id, filter FROM unjudged`,
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
  async add(
    executor: SqlExecutor,
    tenantId: string,
    events: readonly NewEvent[],
  ): Promise<ReadonlyMap<string, number>> {
    return (await this.addAndClaim(executor, tenantId, events, NO_ROOM)).deliveries;
  }

  /**
   * The same, and claims deliveries as it stores them, where there is room: those that are due at once, to webhooks that
   * are well and have neither limits of their own nor a guarantee that asks for more than this commit.
   */
  async addAndClaim(
    executor: SqlExecutor,
    tenantId: string,
    events: readonly NewEvent[],
    room: Room,
  ): Promise<StoredEvents> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const rows = await this.insertJudged(executor, tenantId, events, room);
      const unjudged = new Map(
        rows.flatMap(({ filter_id, filter }) => (filter_id && filter ? [[filter_id, filter] as const] : [])),
      );
      if (unjudged.size === 0) return this.toStored(tenantId, events, rows);
      this.filters.learn(tenantId, unjudged);
    }
    throw new FiltersUnsettledError();
  }

  private async insertJudged(
    executor: SqlExecutor,
    tenantId: string,
    events: readonly NewEvent[],
    { total, perWebhook, perBusyWebhook }: Room,
  ): Promise<StoredRow[]> {
    const { asked, filteredOut } = await this.filters.judge(tenantId, events);
    return executor.query<StoredRow>(this.insert, [
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
      plainArray([...perBusyWebhook.keys()]),
      plainArray([...perBusyWebhook.values()]),
      perWebhook,
      total,
      this.settings.deliveryTimeoutMs,
      plainArray(asked),
      textArray(filteredOut),
      textArray(events.map((event) => event.tags?.join(',') ?? null)),
    ]);
  }

  private toStored(tenantId: string, events: readonly NewEvent[], rows: readonly StoredRow[]): StoredEvents {
    const targets = new Map<string, WebhookTarget>();
    for (const row of rows) {
      const target = this.targets.of(row);
      if (row.webhook_id && target) targets.set(row.webhook_id, target);
    }
    const byId = new Map(events.map((event) => [event.id, event]));
    const deliveries = new Map<string, number>();
    const claimed: ClaimedDelivery[] = [];
    const data = new Map<string, string>();
    const stored = rows.find((row) => row.webhook_id === null)?.stored;
    for (const ofEvent of stored?.split(',') ?? []) {
      const [eventId = '', count, ...pairs] = ofEvent.split(' ');
      deliveries.set(eventId, Number(count));
      const event = byId.get(eventId);
      if (!event || pairs.length === 0) continue;
      data.set(eventId, event.data);
      for (let at = 0; at < pairs.length; at += 2) {
        const webhookId = pairs[at] as string;
        claimed.push({
          id: pairs[at + 1] as string,
          tenantId,
          eventId,
          eventType: event.type,
          occurredAt: event.occurredAt,
          webhookId,
          ...(targets.get(webhookId) as WebhookTarget),
          expiresInMs: Infinity,
          number: 1,
          retriesUsed: 0,
          isTransformed: false,
        });
      }
    }
    return { deliveries, claim: { claimed, data } };
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

/** What was stored, where there is no webhook; else the target of one to which deliveries were claimed. */
interface StoredRow extends TargetRow {
  webhook_id: string | null;
  /**
   * Of each event with deliveries: its id, how many are not skipped, then webhook and id of each that was claimed, spaces
   * between them and a comma between events. A row for each, with all of its columns, was half of what reading took.
   */
  stored: string | null;
  /** A filter that the events were not judged by: then nothing was stored. */
  filter_id: string | null;
  filter: FilterInput | null;
}
