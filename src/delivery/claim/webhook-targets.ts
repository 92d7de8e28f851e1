// What the deliveries of a webhook share: where they go, how they are written and signed, and by which policy.
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import type { Tables } from '../../platform/database/index.js';
import type { Guarantee, PayloadFormat } from '../../registry/index.js';
import type { SendingPolicy } from '../retry/retry-policy.js';
import { POLICY_COLUMNS, SendingPolicies } from './sending-policies.js';
import type { PolicyRow } from './sending-policies.js';

export interface WebhookTarget {
  readonly url: string;
  readonly format: PayloadFormat;
  /** The webhook's JSONata expression, if it has one. */
  readonly transformation: string | null;
  /** The webhook's custom headers, sealed. */
  readonly headersBox: Buffer | null;
  /** How requests are authenticated, sealed; null: by signatures alone. */
  readonly authenticationBox: Buffer | null;
  readonly timeoutMs: number;
  /** Requests in flight at most, where the webhook has a limit of its own. */
  readonly maxInFlight?: number;
  /** Its webhook has limits of its own, or an order. */
  readonly paced: boolean;
  readonly policy: SendingPolicy;
  readonly guarantee: Guarantee;
  /** Ids of the webhook's live secrets, newest first. */
  readonly secretIds: readonly string[];
}

/** SQL: whether webhook `w` has limits of its own, or an order. */
export const PACED = '(w.ordered OR coalesce(w.max_in_flight, w.rate_limit_max) IS NOT NULL)';

/** Columns of {@link targetColumns}, the secrets aside. */
export const TARGET_COLUMNS = [
  'url',
  'format',
  'transformation',
  'headers',
  'authentication',
  'max_in_flight',
  'paced',
  'guarantee',
  ...POLICY_COLUMNS,
] as const;

/** SQL: the target of webhook `w` of `tenant`. */
export const TARGET = `w.url, w.format, w.transformation, w.headers, w.authentication, w.max_in_flight, ${PACED} AS paced, w.guarantee,
              ${POLICY_COLUMNS.map((column) => `coalesce(w.${column}, tenant.${column}) AS ${column}`).join(', ')}`;

/**
 * SQL: the live secrets of the webhooks of `claimed`, by webhook.
 *
 * Which are live is asked of clock_timestamp(): now() is when the statement arrived, which is before its planning, and
 * its snapshot is taken after that. A secret retired in between would sign deliveries that were dispatched after it.
 */
export const liveSecrets = (t: Tables, claimed: string): string => `
    SELECT s.webhook_id, array_agg(s.id ORDER BY s.id DESC) AS ids FROM ${t.webhook_secret} s
    WHERE s.webhook_id IN (SELECT webhook_id FROM ${claimed}) AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
    GROUP BY s.webhook_id`;

/** A target as it is read; null throughout in a row that does not tell of one. */
export interface TargetRow extends PolicyRow {
  url: string | null;
  format: PayloadFormat | null;
  transformation: string | null;
  headers: Buffer | null;
  authentication: Buffer | null;
  timeout_ms: number | null;
  max_in_flight: number | null;
  guarantee: Guarantee | null;
  paced: boolean | null;
  secret_ids: string[] | null;
}

@Injectable()
export class WebhookTargets {
  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly policies: SendingPolicies,
  ) {}

  /** The target that a row tells of, if any. */
  of(row: TargetRow): WebhookTarget | undefined {
    if (row.url === null || row.format === null || row.guarantee === null) return undefined;
    return {
      url: row.url,
      format: row.format,
      transformation: row.transformation,
      headersBox: row.headers,
      authenticationBox: row.authentication,
      timeoutMs: row.timeout_ms ?? this.settings.deliveryTimeoutMs,
      maxInFlight: row.max_in_flight ?? undefined,
      paced: row.paced ?? false,
      policy: this.policies.of(row),
      guarantee: row.guarantee,
      secretIds: row.secret_ids ?? [],
    };
  }
}
