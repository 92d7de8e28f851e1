// Takes due deliveries off the table: fairly across webhooks, never more than there is room to send.
import { Inject, Injectable } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { Database, plainArray } from '../../platform/database/index.js';
import type { Statement } from '../../platform/database/index.js';
import { claimText, namedClaimText } from './claim.statements.js';
import type { ClaimedDelivery } from './claimed-delivery.js';
import { KnownIds } from './known-ids.js';
import { entryOfEnd } from '../live/live-entry.js';
import { LiveFeed } from '../live/live-feed.js';
import { byLowWater } from '../low-water.js';
import type { ClaimRoom } from '../queue/send-queue.js';
import { pacedClaimText } from './paced-claim.statements.js';
import { SendingCounts } from '../sending-counts.js';
import { WebhookTargets } from './webhook-targets.js';
import type { TargetRow, WebhookTarget } from './webhook-targets.js';

/** Where a claim looks. */
interface ClaimWalk {
  /** Only webhooks after this id: where the last claim stopped. */
  readonly after: string;
  /** No due delivery has a smaller id; lets PostgreSQL skip old partitions. One that changes rarely. */
  readonly lowWater: string;
}

/** What a claim came to. */
export interface Claim {
  readonly claimed: readonly ClaimedDelivery[];
  /** JSON text of their events' data, by event id. Kept apart: it is needed until the bodies are made, the deliveries until they are settled. */
  readonly data: ReadonlyMap<string, string>;
  /** How many deliveries changed their state: claimed, skipped because their webhook is disabled, or expired. */
  readonly taken: number;
  /** Webhooks with limits of their own that have deliveries due: nothing is claimed of them yet. */
  readonly paced: readonly string[];
  /** As far as it came, where it took all that there was room for; `undefined`: it came to the end. */
  readonly lastWebhookId?: string;
  /** There was more than it could bring: the bodies were too much for one claim. */
  readonly isCut: boolean;
}

/** Bounds the memory: webhooks come and go for as long as the process lives. */
const MAX_KNOWN_PACES = 10_000;

@Injectable()
export class ClaimQuery {
  private readonly statement: (lowWater: string) => Statement;
  private readonly namedStatement: (lowWater: string) => Statement;
  private readonly pacedStatement: Statement;
  private readonly paceStatement: Statement;
  /** Webhooks that are known to have a row in webhook_pace. */
  private readonly withPace = new KnownIds(MAX_KNOWN_PACES);

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly targets: WebhookTargets,
    private readonly counts: SendingCounts,
    private readonly live: LiveFeed,
  ) {
    const t = database.tables;
    this.statement = byLowWater('posthorn_delivery_claim', (low) => claimText(t, low));
    this.namedStatement = byLowWater('posthorn_delivery_claim_named', (low) => namedClaimText(t, low));
    this.pacedStatement = { name: 'posthorn_delivery_claim_paced', text: pacedClaimText(t) };
    this.paceStatement = {
      name: 'posthorn_webhook_pace',
      // Waits only for another process that makes the same row at this moment.
      text: `INSERT INTO ${t.webhook_pace} (webhook_id, tenant_id)
             SELECT w.id, w.tenant_id FROM ${t.webhook} w WHERE w.id = ANY ($1::uuid[]) ORDER BY w.id
             ON CONFLICT (webhook_id) DO NOTHING`,
    };
  }

  /** Claims due deliveries of all webhooks in turn, but for those that have limits of their own: these it names. */
  claim(room: ClaimRoom, { after, lowWater }: ClaimWalk): Promise<Claim> {
    return this.run(this.statement(lowWater), [after, ...this.roomValues(room)], room);
  }

  /** The same of these webhooks alone: the first of them first. */
  claimNamed(webhookIds: readonly string[], room: ClaimRoom, lowWater: string): Promise<Claim> {
    return this.run(this.namedStatement(lowWater), [plainArray(webhookIds), ...this.roomValues(room)], room);
  }

  private async run(statement: Statement, values: readonly unknown[], room: ClaimRoom): Promise<Claim> {
    const startedAt = monotonicNow();
    const rows = await this.database.query<ClaimRow | PacedRow | WalkRow>(statement, values);
    const taken: ClaimRow[] = [];
    const paced: string[] = [];
    let [picked, lastWebhookId]: [number, string | null] = [0, null];
    for (const row of rows) {
      if (row.id !== null) taken.push(row);
      else if (row.webhook_id !== null) paced.push(row.webhook_id);
      else [picked, lastWebhookId] = [row.picked, row.last_webhook_id];
    }
    this.tell(taken, startedAt);
    return {
      ...this.toClaimed(taken),
      taken: taken.length,
      paced,
      // Judged by the rows that were picked. Some of those were not claimed, so the claimed ones tell neither how far the walk
      // came nor whether it came to the end.
      ...(picked === room.total && lastWebhookId !== null && { lastWebhookId }),
      isCut: picked > taken.length + paced.length,
    };
  }

  /**
   * Claims due deliveries of webhooks that have limits of their own: as many as these allow, whoever else claims. `taken`
   * also counts those that ended instead of being claimed.
   */
  async claimPaced(webhookIds: readonly string[], room: ClaimRoom): Promise<Pick<Claim, 'claimed' | 'data' | 'taken'>> {
    const unknown = this.withPace.unknownOf(webhookIds);
    if (unknown.length > 0) await this.database.query(this.paceStatement, [plainArray(unknown)]);
    this.withPace.add(webhookIds);
    const values = [plainArray(webhookIds), ...this.roomValues(room)];
    const startedAt = monotonicNow();
    const rows = await this.database.query<ClaimRow>(this.pacedStatement, values);
    this.tell(rows, startedAt);
    return { ...this.toClaimed(rows), taken: rows.length };
  }

  /** Counts what was taken; of those that ended instead of being claimed the stream is told. */
  private tell(rows: readonly ClaimRow[], startedAt: number): void {
    this.counts.claimed(rows.length, monotonicNow() - startedAt);
    for (const { status } of rows) if (status !== 'sending') this.counts.ended(status, 1);
    if (!this.live.isFollowed) return;
    const ended = rows.filter(({ status }) => status !== 'sending');
    void this.live.append(
      ended.map((row) =>
        entryOfEnd({
          tenantId: row.tenant_id,
          deliveryId: row.id,
          eventId: row.event_id,
          event: row.event_type,
          webhookId: row.webhook_id,
          attempts: row.attempt_count,
          status: row.status,
          reason: row.reason,
        }),
      ),
    );
  }

  private roomValues({ total, perWebhook, perBusyWebhook, takesLarge }: ClaimRoom): unknown[] {
    return [
      plainArray([...perBusyWebhook.keys()]),
      plainArray([...perBusyWebhook.values()]),
      perWebhook,
      total,
      this.settings.deliveryTimeoutMs,
      takesLarge,
    ];
  }

  private toClaimed(rows: readonly ClaimRow[]): Pick<Claim, 'claimed' | 'data'> {
    const webhooks = new Map<string, WebhookTarget>();
    const data = new Map<string, string>();
    const claimed: ClaimedDelivery[] = [];
    for (const row of rows) {
      const target = this.targets.of(row);
      if (target) webhooks.set(row.webhook_id, target);
      if (row.data !== null) data.set(row.event_id, row.data);
      const webhook = webhooks.get(row.webhook_id);
      if (row.status !== 'sending' || !webhook) continue;
      claimed.push({
        id: row.id,
        tenantId: row.tenant_id,
        eventId: row.event_id,
        eventType: row.event_type,
        occurredAt: new Date(row.occurred_ms),
        webhookId: row.webhook_id,
        ...webhook,
        expiresInMs: row.expires_in_ms ?? Infinity,
        number: row.attempt_count,
        retriesUsed: row.retries_used,
        isTransformed: row.is_transformed,
        isProbe: row.is_probe,
        traceparent: row.traceparent,
      });
    }
    return { claimed, data };
  }
}

/** The columns of its target only with the first delivery of a webhook. */
interface ClaimRow extends TargetRow {
  id: string;
  tenant_id: string;
  event_id: string;
  event_type: string;
  webhook_id: string;
  status: 'sending' | 'skipped' | 'expired';
  reason: string | null;
  attempt_count: number;
  retries_used: number;
  is_transformed: boolean;
  is_probe: boolean;
  traceparent: string | null;
  occurred_ms: number;
  expires_in_ms: number | null;
  /** Of the first delivery of an event. */
  data: string | null;
}

/** A webhook that has limits of its own and something due. */
interface PacedRow {
  id: null;
  webhook_id: string;
}

/** How far a walk came: the rows that it picked, and the last webhook it picked one of. */
interface WalkRow {
  id: null;
  webhook_id: null;
  picked: number;
  last_webhook_id: string | null;
}
