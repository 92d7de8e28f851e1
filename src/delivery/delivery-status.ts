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

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** The statuses that nothing of ours leads out of. */
export const FINAL_STATUSES = [
  'success',
  'client_error',
  'failed',
  'skipped',
  'expired',
] as const satisfies readonly DeliveryStatus[];

export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** What one HTTP request came to. */
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

export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];
