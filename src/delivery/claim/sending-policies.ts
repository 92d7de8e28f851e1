// The policy that a delivery is sent by: its webhook's, else its tenant's, else the installation's, field by field.
import { Inject, Injectable } from '@nestjs/common';
import { parseAutoDisable } from '../../kernel/auto-disable.js';
import { BoundedMap } from '../../kernel/bounded-map.js';
import { parseRetriedStatuses } from '../../kernel/retried-statuses.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import type { SendingPolicy } from '../retry/retry-policy.js';

/** Columns that webhook and tenant both have; the claim reads the more specific one of each. */
export const POLICY_COLUMNS = [
  'timeout_ms',
  'retry_schedule',
  'retry_jitter',
  'max_retry_wait_ms',
  'retry_statuses',
  'auto_disable',
] as const;

/** Null: neither the webhook nor its tenant says anything. */
export interface PolicyRow {
  retry_schedule: number[] | null;
  retry_jitter: number | null;
  max_retry_wait_ms: number | null;
  retry_statuses: string[] | null;
  auto_disable: string | null;
}

/** Distinct lists of statuses that are remembered: there are a handful, unless someone makes them up. */
const MAX_REMEMBERED = 1_000;

@Injectable()
export class SendingPolicies {
  private readonly installation: SendingPolicy;
  private readonly statuses = new BoundedMap<string, ReadonlySet<number>>(MAX_REMEMBERED);

  constructor(
    @Inject(SETTINGS_TOKEN)
    settings: Pick<Settings, 'retrySchedule' | 'retryJitter' | 'maxRetryWaitMs' | 'retryStatuses' | 'autoDisable'>,
  ) {
    this.installation = {
      schedule: settings.retrySchedule,
      jitter: settings.retryJitter,
      maxWaitMs: settings.maxRetryWaitMs,
      retriedStatuses: settings.retryStatuses,
      autoDisable: settings.autoDisable,
    };
  }

  /** Most rows say nothing, and share one object. */
  of(row: PolicyRow): SendingPolicy {
    const { installation } = this;
    const own =
      row.retry_schedule ?? row.retry_jitter ?? row.max_retry_wait_ms ?? row.retry_statuses ?? row.auto_disable;
    if (own === null) return installation;
    return {
      schedule: row.retry_schedule ?? installation.schedule,
      jitter: row.retry_jitter ?? installation.jitter,
      maxWaitMs: row.max_retry_wait_ms ?? installation.maxWaitMs,
      retriedStatuses: row.retry_statuses ? this.statusesOf(row.retry_statuses) : installation.retriedStatuses,
      autoDisable:
        (row.auto_disable === null ? undefined : parseAutoDisable(row.auto_disable)) ?? installation.autoDisable,
    };
  }

  private statusesOf(rules: readonly string[]): ReadonlySet<number> {
    const key = rules.join(' ');
    const known = this.statuses.get(key);
    if (known) return known;
    // What was stored passed the same parser; a list that it no longer takes counts as none.
    const statuses = parseRetriedStatuses(rules) ?? this.installation.retriedStatuses;
    this.statuses.set(key, statuses);
    return statuses;
  }
}
