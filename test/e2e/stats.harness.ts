// What the API answers about attempts.

export interface Bucket {
  readonly at: string;
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

export interface Stats {
  readonly since: string;
  readonly until: string;
  readonly bucketSeconds: number;
  readonly totals: {
    readonly attempts: number;
    readonly successes: number;
    readonly failures: number;
    readonly outcomes: Record<string, number>;
    readonly successRate: number | null;
    readonly latencyMs: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };
  };
  readonly buckets: readonly Bucket[];
  readonly failing?: readonly { webhookId: string; url: string; attempts: number; failures: number }[];
  readonly backlog?: Record<string, number | null>;
  readonly code?: string;
}

export interface List {
  readonly bucketSeconds: number;
  readonly data: readonly {
    readonly webhookId: string;
    readonly attempts: number;
    readonly failures: number;
    readonly successRate: number | null;
    readonly buckets: readonly { at: string; attempts: number; failures: number }[];
  }[];
}
