export { checkIdempotencyKey } from './idempotency-key.js';
export { hashOf, IdempotencyLedger } from './idempotency-ledger.js';
export { IdempotencyRetention } from './idempotency-retention.js';
export type { IdempotentRequest } from './idempotency-ledger.js';
export { NOT_REPEATED, OncePerKey } from './once-per-key.decorator.js';
