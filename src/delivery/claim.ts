// Takes due deliveries off the table: fairly across webhooks, never more than there is room to send.
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Database, plainArray } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import type { Guarantee, PayloadFormat } from '../registry/index.js';
import type { SendingPolicy } from './retry-policy.js';
import { POLICY_COLUMNS, SendingPolicies } from './sending-policies.js';
import type { PolicyRow } from './sending-policies.js';

/** How much longer than the attempt's deadline a lease lasts: the room for signing, settling and a slow database. */
export const LEASE_MARGIN_MS = 30_000;

/** Columns of a webhook that its deliveries share. */
const SHARED_COLUMNS = ['url', 'format', 'headers', 'max_in_flight', 'guarantee', ...POLICY_COLUMNS] as const;

/** A delivery that is ours to send until its lease ends. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly tenantId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly occurredAt: Date;
  /** JSON text of the event's data. */
  readonly data: string;
  readonly webhookId: string;
  readonly url: string;
  readonly format: PayloadFormat;
  /** The webhook's custom headers, sealed. */
  readonly headersBox: Buffer | null;
  readonly timeoutMs: number;
  /** Requests in flight at most, where the webhook has a limit of its own. */
  readonly maxInFlight?: number;
  readonly policy: SendingPolicy;
  readonly guarantee: Guarantee;
  /** How long it was still worth sending at the moment of the claim, in milliseconds; `Infinity`: for ever. */
  readonly expiresInMs: number;
  /** Ids of the webhook's live secrets, newest first. */
  readonly secretIds: readonly string[];
  /** The number of this attempt, and the fencing token of its outcome. */
  readonly number: number;
  readonly retriesUsed: number;
}

/** A webhook that deliveries are already held for. */
export interface BusyWebhook {
  /** How many more may be claimed. */
  readonly room: number;
  /** How many are in flight or waiting. */
  readonly held: number;
}

/** How much may be claimed. */
export interface ClaimRoom {
  /** Deliveries in all. */
  readonly total: number;
  /** Deliveries of one webhook, unless `perBusyWebhook` says otherwise. */
  readonly perWebhook: number;
  /** Room left for webhooks that already have requests in flight here. */
  readonly perBusyWebhook: ReadonlyMap<string, BusyWebhook>;
  /** Only webhooks after this id: where the last claim stopped. */
  readonly after: string;
  /** No due delivery has a smaller id; lets PostgreSQL skip old partitions. */
  readonly lowWater: string;
}

// Bodies of one claim, in bytes. One more row is always taken, so that a single large body cannot block the way.
const MAX_CLAIM_BYTES = 16 * 1_048_576;

@Injectable()
export class ClaimQuery {
  private readonly statement: Statement;
  private readonly releaseStatement: Statement;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly policies: SendingPolicies,
  ) {
    const t = database.tables;
    this.statement = {
      name: 'posthorn_delivery_claim',
      // Locks the delivery rows it takes (SKIP LOCKED: replicas never wait for each other). Walks the partial index
      // delivery_pending (webhook_id, id): a loose scan lists the webhooks that have due rows, then a few rows of each
      // are taken, so a million rows behind one slow webhook cost the others nothing. The query builder has neither
      // recursion nor LATERAL. A paused webhook gives nothing; one whose circuit opened gives a single probe per process
      // once its pause is over. The commit does not wait for the disk: a claim that a crash of PostgreSQL undoes leaves its
      // deliveries due, and they are sent again, as after any crash between sending and settling. It does wait where one of
      // them may be sent at most once: nothing of it may go out before its claim cannot be undone any more, whatever this
      // installation's default is. A webhook disabled meanwhile has its rows skipped here, at the last moment before sending. What the
      // deliveries of an event or of a webhook share comes once, with the first of them.
      text: `
        WITH RECURSIVE due (webhook_id) AS (
          (SELECT d.webhook_id FROM ${t.delivery} d
           WHERE d.status = 'pending' AND d.webhook_id > $1 AND d.id >= $2 ORDER BY d.webhook_id LIMIT 1)
          UNION ALL
          SELECT (SELECT d.webhook_id FROM ${t.delivery} d
                  WHERE d.status = 'pending' AND d.webhook_id > due.webhook_id AND d.id >= $2 ORDER BY d.webhook_id LIMIT 1)
          FROM due WHERE due.webhook_id IS NOT NULL
        ), busy AS (
          SELECT * FROM unnest($3::uuid[], $4::int[], $8::int[]) AS b (webhook_id, room, held)
        ), picked AS (
          SELECT p.* FROM due
          JOIN ${t.webhook} w ON w.id = due.webhook_id
          LEFT JOIN ${t.webhook_health} h ON h.webhook_id = due.webhook_id
          LEFT JOIN busy ON busy.webhook_id = due.webhook_id
          CROSS JOIN LATERAL (
            SELECT d.id, d.event_id, d.webhook_id, d.expires_at FROM ${t.delivery} d
            WHERE d.status = 'pending' AND d.webhook_id = due.webhook_id AND d.id >= $2
            ORDER BY d.id
            LIMIT CASE
              WHEN NOT w.active OR w.deleted_at IS NOT NULL THEN $6
              WHEN h.paused_until > now() THEN 0
              WHEN h.times_opened > 0 THEN CASE WHEN busy.room IS NULL THEN 1 ELSE 0 END
              ELSE least(coalesce(busy.room, $5), w.max_in_flight - coalesce(busy.held, 0))
            END
            FOR UPDATE SKIP LOCKED
          ) p
          WHERE due.webhook_id IS NOT NULL
          LIMIT $6
        ), sized AS (
          SELECT p.id, e.data, e.occurred_at,
                 CASE WHEN e.data_erased_at IS NOT NULL THEN 'payload_erased' WHEN p.expires_at <= now() THEN 'too_late' END AS ended,
                 coalesce(sum(octet_length(e.data)) OVER (ORDER BY p.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM picked p JOIN ${t.event} e ON e.id = p.event_id
        ), claimed AS (
          UPDATE ${t.delivery} d SET
            status = CASE WHEN s.ended IS NOT NULL THEN 'expired' WHEN usable THEN 'sending' ELSE 'skipped' END,
            reason = CASE WHEN s.ended IS NOT NULL THEN s.ended WHEN usable THEN NULL WHEN w.deleted_at IS NULL THEN 'webhook_disabled' ELSE 'webhook_deleted' END,
            attempt_count = d.attempt_count + CASE WHEN usable THEN 1 ELSE 0 END,
            due_at = CASE WHEN usable THEN now() + (coalesce(w.timeout_ms, tenant.timeout_ms, $7) + ${LEASE_MARGIN_MS}) * interval '1 ms' END,
            completed_at = CASE WHEN usable THEN NULL ELSE now() END
          FROM sized s, ${t.webhook} w, ${t.tenant} tenant, LATERAL (SELECT w.active AND w.deleted_at IS NULL AND s.ended IS NULL AS usable) AS u
          WHERE d.id = s.id AND d.id >= $2 AND s.before < ${MAX_CLAIM_BYTES} AND w.id = d.webhook_id AND tenant.id = w.tenant_id
          RETURNING d.id, d.tenant_id, d.event_id, d.event_type, d.webhook_id, d.status, d.attempt_count, d.retries_used,
                    s.data, s.occurred_at, d.expires_at, w.url, w.format, w.headers, w.max_in_flight, w.guarantee,
                    ${POLICY_COLUMNS.map((column) => `coalesce(w.${column}, tenant.${column}) AS ${column}`).join(', ')}
        ), secrets AS (
          SELECT s.webhook_id, array_agg(s.id ORDER BY s.id DESC) AS ids FROM ${t.webhook_secret} s
          WHERE s.webhook_id IN (SELECT webhook_id FROM claimed) AND (s.expires_at IS NULL OR s.expires_at > now())
          GROUP BY s.webhook_id
        ), durability AS (
          SELECT set_config('synchronous_commit',
                   CASE WHEN EXISTS (SELECT FROM claimed WHERE guarantee = 'at-most-once') THEN 'on' ELSE 'off' END, true)
        )
        SELECT c.id, c.tenant_id, c.event_id, c.event_type, c.webhook_id, c.status, c.attempt_count, c.retries_used,
               (extract(epoch FROM c.occurred_at) * 1000)::float8 AS occurred_ms,
               extract(epoch FROM c.expires_at - now())::float8 * 1000 AS expires_in_ms,
               CASE WHEN c.of_event = 1 AND c.status = 'sending' THEN convert_from(c.data, 'UTF8') END AS data,
               CASE WHEN c.of_webhook = 1 THEN secrets.ids END AS secret_ids,
               ${SHARED_COLUMNS.map((column) => `CASE WHEN c.of_webhook = 1 THEN c.${column} END AS ${column}`).join(', ')}
        FROM (SELECT *, row_number() OVER (PARTITION BY status, event_id ORDER BY id) AS of_event,
                     row_number() OVER (PARTITION BY webhook_id ORDER BY id) AS of_webhook FROM claimed) c
        CROSS JOIN durability LEFT JOIN secrets USING (webhook_id)
        ORDER BY c.id`,
    };
    this.releaseStatement = {
      name: 'posthorn_delivery_release',
      // Gives back deliveries that were claimed and never sent: their attempt number was not used.
      text: `
        UPDATE ${t.delivery} d SET status = 'pending', attempt_count = d.attempt_count - 1, due_at = now()
        FROM unnest($1::uuid[], $2::int[]) AS r (id, number)
        WHERE d.id = r.id AND d.status = 'sending' AND d.attempt_count = r.number`,
    };
  }

  /** Claims due deliveries. `seen` also counts those that were skipped because their webhook is disabled. */
  async claim(room: ClaimRoom): Promise<{ claimed: ClaimedDelivery[]; seen: number; lastWebhookId?: string }> {
    const rows = await this.database.query<ClaimRow>(this.statement, [
      room.after,
      room.lowWater,
      plainArray([...room.perBusyWebhook.keys()]),
      plainArray([...room.perBusyWebhook.values()].map((busy) => busy.room)),
      room.perWebhook,
      room.total,
      this.settings.deliveryTimeoutMs,
      plainArray([...room.perBusyWebhook.values()].map((busy) => busy.held)),
    ]);
    let lastWebhookId: string | undefined;
    for (const row of rows) if (!lastWebhookId || row.webhook_id > lastWebhookId) lastWebhookId = row.webhook_id;
    return {
      claimed: this.toClaimed(rows),
      seen: rows.length,
      lastWebhookId,
    };
  }

  /** Gives back deliveries that will not be sent from here. */
  async release(deliveries: readonly Pick<ClaimedDelivery, 'id' | 'number'>[]): Promise<void> {
    if (deliveries.length === 0) return;
    await this.database.query(this.releaseStatement, [
      deliveries.map((delivery) => delivery.id),
      deliveries.map((delivery) => delivery.number),
    ]);
  }

  private toClaimed(rows: readonly ClaimRow[]): ClaimedDelivery[] {
    const webhooks = new Map<string, SharedOfWebhook>();
    const data = new Map<string, string>();
    const claimed: ClaimedDelivery[] = [];
    for (const row of rows) {
      if (isFirstOfWebhook(row)) webhooks.set(row.webhook_id, this.sharedOf(row));
      if (row.data !== null) data.set(row.event_id, row.data);
      const webhook = webhooks.get(row.webhook_id);
      if (row.status !== 'sending' || !webhook) continue;
      claimed.push({
        id: row.id,
        tenantId: row.tenant_id,
        eventId: row.event_id,
        eventType: row.event_type,
        occurredAt: new Date(row.occurred_ms),
        data: data.get(row.event_id) ?? '',
        webhookId: row.webhook_id,
        ...webhook,
        expiresInMs: row.expires_in_ms ?? Infinity,
        number: row.attempt_count,
        retriesUsed: row.retries_used,
      });
    }
    return claimed;
  }

  private sharedOf(row: FirstOfWebhook): SharedOfWebhook {
    return {
      url: row.url,
      format: row.format,
      headersBox: row.headers,
      timeoutMs: row.timeout_ms ?? this.settings.deliveryTimeoutMs,
      maxInFlight: row.max_in_flight ?? undefined,
      policy: this.policies.of(row),
      guarantee: row.guarantee,
      secretIds: row.secret_ids ?? [],
    };
  }
}

type SharedOfWebhook = Pick<
  ClaimedDelivery,
  'url' | 'format' | 'headersBox' | 'timeoutMs' | 'maxInFlight' | 'policy' | 'guarantee' | 'secretIds'
>;

interface ClaimRow extends PolicyRow {
  id: string;
  tenant_id: string;
  event_id: string;
  event_type: string;
  webhook_id: string;
  status: 'sending' | 'skipped' | 'expired';
  attempt_count: number;
  retries_used: number;
  occurred_ms: number;
  expires_in_ms: number | null;
  /** Of the first delivery of an event. */
  data: string | null;
  /** From here on: of the first delivery of a webhook. */
  url: string | null;
  format: PayloadFormat | null;
  headers: Buffer | null;
  timeout_ms: number | null;
  max_in_flight: number | null;
  guarantee: Guarantee | null;
  secret_ids: string[] | null;
}

interface FirstOfWebhook extends ClaimRow {
  url: string;
  format: PayloadFormat;
  guarantee: Guarantee;
}

const isFirstOfWebhook = (row: ClaimRow): row is FirstOfWebhook => row.url !== null;
