// The words of a delivery's life.

/** Where a delivery stands. The first three are waiting or under way; the rest are final until someone retries. */
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

/** One of {@link DELIVERY_STATUSES}. */
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** The statuses that nothing of ours leads out of. */
export const FINAL_STATUSES = [
  'success',
  'client_error',
  'failed',
  'skipped',
  'expired',
] as const satisfies readonly DeliveryStatus[];

/** One of {@link FINAL_STATUSES}. */
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** Each of {@link AttemptOutcome}. */
export const ATTEMPT_OUTCOMES = [
  'success',
  'redirect',
  'client_error',
  'server_error',
  'timeout',
  'dns_error',
  'connection_error',
  'tls_error',
  'protocol_error',
  'egress_denied',
  'transformation_error',
  'unknown_outcome',
] as const;

/**
 * What one HTTP request came to. By its answer: `success` (2xx), `redirect` (3xx), `client_error` (4xx), `server_error` (5xx). Without
 * one: `timeout`, `dns_error`, `connection_error`, `tls_error`, `protocol_error`. Not sent: `egress_denied`, `transformation_error`.
 * `unknown_outcome`: the process died before it could tell.
 */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];
