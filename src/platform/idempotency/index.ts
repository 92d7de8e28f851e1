export {
  IdempotencyInProgressError,
  IdempotencyLedger,
  IdempotencyMismatchError,
  MAX_KEY_LENGTH,
} from './idempotency-ledger.js';
export type { IdempotentRequest } from './idempotency-ledger.js';
