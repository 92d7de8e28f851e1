// The filters of webhooks that this process knows, and what they say of events. They need no look-up and are never out of date:
// each change gives a filter a new id, and the statement that stores events is told which ids were asked. Where a filter is
// missing, it stores nothing and tells what that filter is. So no event slips past a filter that was set a moment ago. At most
// one filter of each webhook is known, and all that a tenant has are asked about each of its events.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { monotonicNow } from '../../kernel/clock.js';
import { EventFilter } from '../../kernel/event-filter/event-filter.js';
import type { FilterInput } from '../../kernel/event-filter/event-filter.js';
import { WebhookChanges } from '../../registry/index.js';

/**
 * Bounds the memory. To make room, all filters of the tenant that was judged longest ago are forgotten, and told again when they
 * are needed. Only a tenant that has more by itself exceeds it.
 */
const MAX_KNOWN = 20_000;
/** The same for the length of their JSON, in characters. What is made of it takes several times as much. */
const MAX_KNOWN_LENGTH = 32 * 1_048_576;

/** How long this work may keep the process from everything else; one filter more may come on top. */
const MAX_BLOCK_MS = 10;

/** What of an event filters see. */
interface Filtered {
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  readonly tags?: readonly string[];
}

/** What the statement is told. */
export interface FilterVerdicts {
  /** Ids of the filters that were asked, in ascending order: SQL finds one among thousands by halves. */
  readonly asked: readonly string[];
  /** For each event, a bit for each of those, set where it does not meet it, as `get_bit` counts; null: it meets all. */
  readonly filteredOut: readonly (Buffer | null)[];
}

/** The filter of a webhook, as the statement tells of it. */
export interface ToldFilter {
  readonly id: string;
  readonly input: FilterInput;
}

interface KnownFilter {
  readonly id: string;
  readonly filter: EventFilter;
  /** Of its JSON. */
  readonly length: number;
}

interface TenantFilters {
  readonly byWebhook: Map<string, KnownFilter>;
  /** By id; absent where that is out of date. */
  sorted?: readonly KnownFilter[];
}

@Injectable()
export class KnownFilters implements OnModuleInit {
  /** The tenant that was judged longest ago first. */
  private readonly ofTenant = new Map<string, TenantFilters>();
  private count = 0;
  private length = 0;

  constructor(private readonly changes: WebhookChanges) {}

  /** What another process changes stays here, and is asked in vain, until it is forgotten to make room. */
  onModuleInit(): void {
    this.changes.listen(({ kind, tenantId, webhookId }) => {
      if (kind === 'deleted' || kind === 'updated') this.forget(tenantId, webhookId);
    });
  }

  /** Asks all known filters of a tenant, whether or not their webhooks subscribe to the events: which do is SQL's to say. */
  async judge(tenantId: string, events: readonly Filtered[]): Promise<FilterVerdicts> {
    const known = this.ofTenant.get(tenantId);
    if (!known) return { asked: [], filteredOut: events.map(() => null) };
    this.ofTenant.delete(tenantId);
    this.ofTenant.set(tenantId, known);
    // As they are now: while this call lets others go first, another one may learn more.
    const filters = (known.sorted ??= [...known.byWebhook.values()].sort((a, b) => (a.id < b.id ? -1 : 1)));
    const filteredOut: (Buffer | null)[] = [];
    let since = monotonicNow();
    for (const { type, data, tags = [] } of events) {
      const event = { event: type, data: JSON.parse(data) as unknown, tags };
      let failed: Buffer | null = null;
      for (let at = 0; at < filters.length; at += 1) {
        if (filters[at]?.filter.failed(event)) {
          failed ??= Buffer.alloc(Math.ceil(filters.length / 8));
          failed[at >> 3] = (failed[at >> 3] as number) | (1 << (at & 7));
        }
        if (monotonicNow() - since > MAX_BLOCK_MS) {
          await setImmediate();
          since = monotonicNow();
        }
      }
      filteredOut.push(failed);
    }
    return { asked: filters.map(({ id }) => id), filteredOut };
  }

  /** @param told - By webhook: what was known of it before is known no more. */
  learn(tenantId: string, told: ReadonlyMap<string, ToldFilter>): void {
    const learned = [...told].map(([webhookId, { id, input }]) => {
      const filter = EventFilter.accepted(input);
      return { webhookId, known: { id, filter, length: JSON.stringify(input).length } };
    });
    for (const { webhookId } of learned) this.forget(tenantId, webhookId);
    this.makeRoom(
      tenantId,
      learned.length,
      learned.reduce((sum, { known }) => sum + known.length, 0),
    );
    const filters: TenantFilters = this.ofTenant.get(tenantId) ?? { byWebhook: new Map() };
    filters.sorted = undefined;
    this.ofTenant.set(tenantId, filters);
    for (const { webhookId, known } of learned) {
      filters.byWebhook.set(webhookId, known);
      this.count += 1;
      this.length += known.length;
    }
  }

  private forget(tenantId: string, webhookId: string): void {
    const filters = this.ofTenant.get(tenantId);
    const known = filters?.byWebhook.get(webhookId);
    if (!filters || !known) return;
    filters.byWebhook.delete(webhookId);
    filters.sorted = undefined;
    this.count -= 1;
    this.length -= known.length;
    if (filters.byWebhook.size === 0) this.ofTenant.delete(tenantId);
  }

  /** Forgets whole tenants, and this one last: what it is about to learn is not all that it had. */
  private makeRoom(tenantId: string, count: number, length: number): void {
    const others = [...this.ofTenant.keys()].filter((id) => id !== tenantId);
    for (const id of [...others, tenantId]) {
      if (this.count + count <= MAX_KNOWN && this.length + length <= MAX_KNOWN_LENGTH) return;
      for (const webhookId of [...(this.ofTenant.get(id)?.byWebhook.keys() ?? [])]) this.forget(id, webhookId);
    }
  }
}
