// The filters of webhooks that this process has read, and what they make of events. Never out of date and never asked for:
// a filter's id is another one with every change, and the statement that stores events refuses to go by any but those it
// was told, and tells of the others. So a filter costs no look-up, and no event slips past one that was set a moment ago.
// One is known of each webhook: all that are known are asked for every event.
import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { monotonicNow } from '../kernel/clock.js';
import { EventFilter } from '../kernel/event-filter/event-filter.js';
import type { FilterInput } from '../kernel/event-filter/event-filter.js';

/** Bounds the memory; what is forgotten is told again. Only a tenant that has more webhooks than this by itself exceeds it. */
const MAX_KNOWN = 20_000;

/** Others of this process wait no longer than this and one filter's bounded work. */
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
  /** Ids of the filters that were asked. */
  readonly asked: readonly string[];
  /** For each event, the ids of those that it does not meet, by commas; null: none. */
  readonly filteredOut: readonly (string | null)[];
}

/** The filter of a webhook, as the statement tells of it. */
export interface ToldFilter {
  readonly id: string;
  readonly input: FilterInput;
}

interface KnownFilter {
  readonly id: string;
  readonly filter: EventFilter;
}

@Injectable()
export class KnownFilters {
  /** By tenant, then by webhook. */
  private readonly ofTenant = new Map<string, Map<string, KnownFilter>>();
  private count = 0;

  /** Asks all known filters of a tenant, whether or not their webhooks subscribe to the events: which do is SQL's to say. */
  async judge(tenantId: string, events: readonly Filtered[]): Promise<FilterVerdicts> {
    const known = this.ofTenant.get(tenantId);
    if (!known) return { asked: [], filteredOut: events.map(() => null) };
    // Of this moment: another call may learn more while this one lets others go first.
    const filters = [...known.values()];
    const filteredOut: (string | null)[] = [];
    let since = monotonicNow();
    for (const { type, data, tags = [] } of events) {
      const event = { event: type, data: JSON.parse(data) as unknown, tags };
      const failed: string[] = [];
      for (const { id, filter } of filters) {
        if (filter.failed(event)) failed.push(id);
        if (monotonicNow() - since > MAX_BLOCK_MS) {
          await setImmediate();
          since = monotonicNow();
        }
      }
      filteredOut.push(failed.length === 0 ? null : failed.join(','));
    }
    return { asked: filters.map(({ id }) => id), filteredOut };
  }

  /** @param told - By webhook: what was known of it before is known no more. */
  learn(tenantId: string, told: ReadonlyMap<string, ToldFilter>): void {
    if (this.count + told.size > MAX_KNOWN) {
      this.ofTenant.clear();
      this.count = 0;
    }
    const known = this.ofTenant.get(tenantId) ?? new Map<string, KnownFilter>();
    this.ofTenant.set(tenantId, known);
    for (const [webhookId, { id, input }] of told) {
      if (!known.has(webhookId)) this.count += 1;
      known.set(webhookId, { id, filter: EventFilter.accepted(input) });
    }
  }
}
