// What application code may say of a dispatch, and what it is answered.
import type { EntityManager } from 'typeorm';
import type { Duration } from '../kernel/duration.js';
import type { SqlExecutor } from '../platform/database/index.js';

/** How an event is dispatched. */
export interface DispatchOptions {
  /** Whose event it is. @defaultValue 'default' */
  readonly tenant?: string;
  /** The caller's transaction: the event is sent if and only if it commits. Of any TypeORM data source of the same database. */
  readonly manager?: EntityManager;
  /**
   * The same for a transaction that TypeORM did not begin: `pgExecutor(client)`, `knexExecutor(trx)`, `drizzleExecutor(tx)`,
   * `prismaExecutor(tx)`, or an executor of your own.
   */
  readonly transaction?: SqlExecutor;
  /** The same key and content within the window (24 h) give the first answer and store nothing. 1–255 printable ASCII characters. */
  readonly idempotencyKey?: string;
  /** Narrows the matching webhooks to these ids. */
  readonly webhookIds?: readonly string[];
  /**
   * The first attempts do not come before this: a `Date`, or an instant such as `'2026-11-23T10:00:00Z'`, less than 30 days
   * and than `RETENTION` ahead. A moment in the past is now. They come at once when it has come; in a caller's transaction, and after
   * a crash, up to 3 s later. @defaultValue now
   */
  readonly deliverAt?: Date | string;
  /**
   * How long deliveries are worth sending, from now or from `deliverAt`: `'100ms'` to `'14d'`. What has not succeeded by
   * then becomes `expired`. @defaultValue what each webhook says, else for ever
   */
  readonly expiresAfter?: Duration;
  /**
   * Ordered webhooks get events with the same key one after the other, and other keys meanwhile. 1–255 printable ASCII
   * characters. Without one, the event goes in order with all others that have none.
   */
  readonly orderingKey?: string;
  /** What filters of webhooks may look at besides the data: at most 10, 1–64 letters, digits and `_ . : / @ = + -`. */
  readonly tags?: readonly string[];
}

/** What a dispatch answers. */
export interface DispatchResult {
  /** Id of the event: the `webhook-id` of every request that carries it. */
  readonly id: string;
  /** Its type. */
  readonly event: string;
  /** How many deliveries are pending. */
  readonly deliveries: number;
}
