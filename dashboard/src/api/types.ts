// What the API answers, as far as the page reads it. The OpenAPI document at /docs-json is the whole of it.

/** A page of a list, newest first. */
export interface Page<Row> {
  readonly data: readonly Row[];
  readonly nextCursor: string | null;
}

/** Who is signed in. */
export interface Me {
  readonly tenant: Tenant;
  readonly scopes: readonly string[];
  /** Whether it may act for every tenant. */
  readonly installation: boolean;
  readonly expiresAt: string | null;
  /** What a portal link opens and how it looks; null: a key. */
  readonly portal: {
    readonly sections: readonly string[];
    readonly theme: { readonly accent?: string; readonly mode?: 'light' | 'dark' };
  } | null;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
}

export const DELIVERY_STATUSES = [
  'pending',
  'sending',
  'retrying',
  'success',
  'client_error',
  'failed',
  'skipped',
  'expired',
] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly event: string;
  readonly webhookId: string;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly attemptCount: number;
  readonly lastHttpStatus: number | null;
  readonly nextAttemptAt: string | null;
  readonly expiresAt: string | null;
  readonly replayOf: string | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: string;
  readonly httpStatus: number | null;
  readonly error: string | null;
  /** Null where nobody measured. */
  readonly timing: {
    readonly waitMs: number | null;
    /** Null too where a kept-alive connection served. */
    readonly connectMs: number | null;
    readonly firstByteMs: number | null;
    readonly bodyMs: number | null;
  } | null;
  readonly request: { readonly url: string | null; readonly headers: Headers };
  readonly response: { readonly headers: Headers; readonly body: string | null } | null;
}

export interface DeliveryDetail extends Delivery {
  /** What is sent in the place of the event. */
  readonly transformed: string | null;
  readonly attempts: readonly Attempt[];
  /** Null where no older ones are left out. */
  readonly attemptsCursor: string | null;
}

export interface EventView {
  readonly id: string;
  readonly event: string;
  /** Null once erased. */
  readonly data: object | null;
  readonly dataErasedAt: string | null;
  readonly timestamp: string;
  readonly idempotencyKey: string | null;
  readonly orderingKey: string | null;
  readonly tags: readonly string[];
}

export interface FailedClause {
  /** Where it stands in the filter, such as `data.total.$gte`; empty: the filter took too many steps. */
  readonly clause: string;
  readonly expected: unknown;
}

export type Verdict =
  'matched' | 'disabled' | 'filtered_out' | 'not_subscribed' | 'registered_later' | 'payload_erased' | 'matches_now';

/** What an event came to at one webhook. */
export interface Explanation {
  readonly webhookId: string;
  readonly verdict: Verdict;
  readonly failedClause: FailedClause | null;
  readonly changedSince: boolean;
  readonly deliveryId: string | null;
  readonly status: DeliveryStatus | null;
}

export interface SigningSecret {
  readonly id: string;
  readonly hint: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly signatureScheme: 'hmac' | 'ed25519';
  readonly publicKey: string | null;
}

/** How requests are authenticated, without what is secret. `unreadable`: no encryption key opens it. */
export type AuthenticationView =
  | ({ readonly authority?: string } & (
      | { readonly type: 'basic'; readonly username: string }
      | { readonly type: 'bearer' | 'tls' }
      | { readonly type: 'oauth2'; readonly clientId: string }
      | { readonly type: 'mtls'; readonly subject: string }
    ))
  | { readonly type: 'unreadable' };

export type Guarantee = 'at-least-once' | 'at-most-once';

/** False: never. */
export type AutoDisable = { readonly after: string; readonly attempts: number } | false;

export type PayloadFormat = 'native' | 'cloudevents-structured' | 'cloudevents-binary';

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly disabledReason: string | null;
  readonly description: string | null;
  readonly format: PayloadFormat;
  /** Their names alone. */
  readonly headers: readonly string[] | null;
  readonly authentication: AuthenticationView | null;
  readonly filter: object | null;
  readonly transformation: string | null;
  readonly maxInFlight: number | null;
  readonly rateLimit: { readonly max: number; readonly perSeconds: number } | null;
  readonly ordered: boolean;
  readonly timeoutMs: number | null;
  readonly retrySchedule: readonly string[] | null;
  readonly retryStatuses: readonly string[] | null;
  readonly retryJitter: number | null;
  readonly maxRetryWaitMs: number | null;
  readonly expiresAfter: string | null;
  readonly guarantee: Guarantee;
  readonly autoDisable: AutoDisable | null;
  readonly secrets: readonly SigningSecret[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A secret just made: the only answer that shows it. */
export interface CreatedSecret extends SigningSecret {
  readonly secret?: string | null;
}

export interface CreatedWebhook extends Webhook {
  readonly secret?: string | null;
}

export interface Replay {
  readonly id: string;
  readonly webhookId: string;
  readonly count: number;
  readonly made: number;
  readonly finishedAt: string | null;
}

/** Small charts of several webhooks. */
export interface WebhookListStats {
  readonly bucketSeconds: number;
  readonly data: readonly WebhookHealth[];
}

export interface WebhookHealth {
  readonly webhookId: string;
  readonly attempts: number;
  readonly failures: number;
  /** 0 to 1; null without any attempt. */
  readonly successRate: number | null;
  readonly buckets: readonly { readonly at: string; readonly attempts: number; readonly failures: number }[];
}

/** What a webhook would be sent; null where it failed. */
export interface Transformed {
  readonly result: unknown;
  readonly error: string | null;
}

export interface FilterVerdict {
  readonly matched: boolean;
  readonly subscribed: boolean;
  readonly failedClause: FailedClause | null;
}

/** What attempts came to, over time. */
export interface AttemptStats {
  readonly since: string;
  readonly until: string;
  readonly bucketSeconds: number;
  readonly totals: {
    readonly attempts: number;
    readonly successes: number;
    readonly failures: number;
    readonly outcomes: Readonly<Record<string, number>>;
    readonly successRate: number | null;
    readonly latencyMs: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };
  };
  readonly buckets: readonly StatsBucket[];
}

/** Of a tenant, with who fails most and what waits. */
export interface Stats extends AttemptStats {
  readonly failing: readonly {
    readonly webhookId: string;
    readonly url: string;
    readonly attempts: number;
    readonly failures: number;
    readonly successRate: number | null;
  }[];
  readonly backlog: Backlog;
}

/** Of a webhook, with what waits for it. */
export interface WebhookStats extends AttemptStats {
  readonly backlog: Backlog;
}

export interface Backlog {
  readonly pending: number;
  readonly scheduled: number;
  readonly retrying: number;
  readonly sending: number;
  readonly oldestDueSeconds: number | null;
  /** So many means at least so many. */
  readonly countedUpTo: number;
}

export interface StatsBucket {
  readonly at: string;
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** An attempt as the stream tells of it. */
export interface LiveAttempt {
  readonly deliveryId: string;
  readonly event: string;
  readonly webhookId: string;
  readonly number: number;
  readonly outcome: string;
  readonly httpStatus: number | null;
  readonly durationMs: number;
  readonly startedAt: string | null;
}
