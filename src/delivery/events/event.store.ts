// Stores events and fans them out: the one place where `event` and first `delivery` rows are born.
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { Database, MAX_NAMES_OF_HINT } from '../../platform/database/index.js';
import type { SqlExecutor, Statement, Tables } from '../../platform/database/index.js';
import type { FilterInput } from '../../kernel/event-filter/event-filter.js';
import { FiltersUnsettledError } from '../delivery.errors.js';
import type { Claim } from '../claim/claim.js';
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';
import { insertForOneText, insertText, insertValues, unknownWebhooksText } from './event.statements.js';
import { KnownFilters } from './known-filters.js';
import type { ToldFilter } from './known-filters.js';
import type { NewEvent } from './new-event.js';
import { LiveFeed } from '../live/live-feed.js';
import { NO_ROOM } from '../queue/send-queue.js';
import type { Room } from '../queue/send-queue.js';
import { SendingCounts } from '../sending-counts.js';
import { WebhookTargets } from '../claim/webhook-targets.js';
import type { TargetRow, WebhookTarget } from '../claim/webhook-targets.js';

/** What storing events came to. */
interface StoredEvents {
  /** How many deliveries of each event are pending or on their way, by event id. */
  readonly deliveries: ReadonlyMap<string, number>;
  /** Those of them that were claimed as they were stored: they are the caller's to send. */
  readonly claim: Pick<Claim, 'claimed' | 'data'>;
  /** Webhooks that others of them are due for: hints name these, once it is committed. `undefined`: too many to name. */
  readonly dueFor: readonly string[] | undefined;
}

/** How often filters may change while events are being stored; each try sees a later moment. */
const MAX_TRIES = 10;

@Injectable()
export class EventStore {
  private readonly insert: InsertStatements;
  private readonly insertAndClaim: InsertStatements;
  private readonly insertForOne: Statement;
  private readonly unknown: Statement;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly targets: WebhookTargets,
    private readonly filters: KnownFilters,
    private readonly counts: SendingCounts,
    private readonly live: LiveFeed,
  ) {
    const t = database.tables;
    this.insert = insertStatements('posthorn_event_insert', t, false);
    this.insertAndClaim = insertStatements('posthorn_event_insert_and_claim', t, true);
    this.insertForOne = { name: 'posthorn_event_insert_for_one', text: insertForOneText(t) };
    this.unknown = { name: 'posthorn_event_unknown_webhooks', text: unknownWebhooksText(t) };
  }

  /** Stores the events with one delivery per matching webhook, and tells how many deliveries of each are pending. */
  add(
    executor: SqlExecutor,
    tenantId: string,
    events: readonly NewEvent[],
  ): Promise<Pick<StoredEvents, 'deliveries' | 'dueFor'>> {
    return this.addAndClaim(executor, tenantId, events, NO_ROOM);
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
    const told = new Map<string, ToldFilter>();
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const rows = await this.insertJudged(executor, tenantId, events, room);
      const unjudged = rows.filter((row) => row.filter_id !== null);
      if (unjudged.length === 0) return this.toStored(tenantId, events, rows);
      for (const { webhook_id: webhookId, filter_id: id, filter: input } of unjudged)
        if (webhookId !== null && id !== null && input !== null) told.set(webhookId, { id, input });
      // All that this call was told: a transaction that sees the past and others, who see the present, would take turns in
      // unlearning what the other was told.
      this.filters.learn(tenantId, told);
    }
    throw new FiltersUnsettledError();
  }

  private async insertJudged(
    executor: SqlExecutor,
    tenantId: string,
    events: readonly NewEvent[],
    room: Room,
  ): Promise<StoredRow[]> {
    const judged = await this.filters.judge(tenantId, events);
    const claiming = room.total > 0 ? { room, timeoutMs: this.settings.deliveryTimeoutMs } : undefined;
    const { alone, followed } = claiming ? this.insertAndClaim : this.insert;
    const insert = this.live.follows(tenantId) ? followed : alone;
    return executor.query<StoredRow>(insert, insertValues({ tenantId, events, judged, claiming }));
  }

  private toStored(tenantId: string, events: readonly NewEvent[], rows: readonly StoredRow[]): StoredEvents {
    const targets = new Map<string, WebhookTarget>();
    for (const row of rows) {
      const target = 'url' in row ? this.targets.of(row) : undefined;
      if (row.webhook_id && target) targets.set(row.webhook_id, target);
    }
    const byId = new Map(events.map((event) => [event.id, event]));
    const deliveries = new Map<string, number>();
    const claimed: ClaimedDelivery[] = [];
    const data = new Map<string, string>();
    const { stored, due } = rows.find((row) => row.webhook_id === null) ?? {};
    for (const ofEvent of stored?.split(',') ?? []) {
      const [eventId = '', count, skipped, ...pairs] = ofEvent.split(' ');
      deliveries.set(eventId, Number(count));
      this.counts.ended('skipped', Number(skipped ?? 0));
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
          isProbe: false,
          traceparent: event.traceparent ?? null,
        });
      }
    }
    const named = due?.split(',') ?? [];
    return { deliveries, claim: { claimed, data }, dueFor: named.length > MAX_NAMES_OF_HINT ? undefined : named };
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

/** One INSERT, where the tenant is followed and where not. */
interface InsertStatements {
  readonly alone: Statement;
  readonly followed: Statement;
}

const insertStatements = (name: string, t: Tables, claiming: boolean): InsertStatements => ({
  alone: { name, text: insertText(t, { claiming, followed: false }) },
  followed: { name: `${name}_followed`, text: insertText(t, { claiming, followed: true }) },
});

/** What was stored, where there is no webhook; else the target of one to which deliveries were claimed, or the filter of one. */
type StoredRow = ToldRow | (ToldRow & TargetRow);

interface ToldRow {
  webhook_id: string | null;
  /**
   * Of each event with deliveries: its id, how many are not skipped and how many are, then webhook and id of each that was claimed, spaces
   * between them and a comma between events. A row for each, with all of its columns, was half of what reading took.
   */
  stored: string | null;
  /** The webhooks that deliveries are due for, a comma between them: one more than hints name, where there are more. */
  due: string | null;
  /** A filter that the events were not judged by: then nothing was stored. */
  filter_id: string | null;
  filter: FilterInput | null;
}
