// Counts attempts in the statement that writes them: what is in the log is counted, once, and nothing else.
import type { Tables } from '../../platform/database/index.js';
import { LATENCY_BOUNDS_MS } from './latency.js';

/**
 * Appends counts of the rows of `written` (tenant_id, webhook_id, event_type, outcome, duration_ms), in the minute of their
 * transaction. Locks nothing and conflicts with nobody: there is no key, and {@link Rollup} adds up what is equal.
 */
export const countInto = (t: Tables, written: string): string => `
  INSERT INTO ${t.attempt_count} (at, tenant_id, webhook_id, event_type, outcome, latency, attempts)
  SELECT date_trunc('minute', now()), tenant_id, webhook_id, event_type, outcome,
         width_bucket(duration_ms, '{${LATENCY_BOUNDS_MS.join()}}'::int[]), count(*)
  FROM ${written} GROUP BY tenant_id, webhook_id, event_type, outcome, 6`;
