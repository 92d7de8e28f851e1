// The numbers of receiving, in one place.
import { JITTER } from '../kernel/retry-schedule.js';
import type { RetryWaits } from '../kernel/retry-schedule.js';

/** When a handler that threw is tried again by us, whether or not the sender sends again: 10 s, 1 m, 10 m, 1 h, 6 h. */
export const RUN_RETRY_WAITS: RetryWaits = {
  schedule: [10_000, 60_000, 600_000, 3_600_000, 21_600_000],
  jitter: JITTER,
};

/** How long a run belongs to the process that claimed it; renewed while the handlers run. */
export const LEASE_MS = 30_000;
export const RENEW_INTERVAL_MS = LEASE_MS / 3;

/** How long a copy waits for the outcome of an event that is being processed. */
export const WAIT_MS = 5_000;

/** When a run that was put off for its lane looks again, should nobody wake it. */
export const LANE_LOOK_MS = 5_000;

/** How often another process's progress is asked for while copies wait: at first, and at most. */
export const POLL_MIN_MS = 20;
export const POLL_MAX_MS = 500;

/** Events whose handlers a process runs at once from the queue, and as many again from the sweep. */
export const RUN_CONCURRENCY = 8;

/** Received events that one replay may be about. */
export const MAX_REPLAYED_EVENTS = 10_000;

/** A retry further off than this gets no job; the sweep finds it. */
export const JOB_HORIZON_MS = 600_000;

/** How often what was heard of watched sources is written, and how often those that fell silent are looked for. */
export const HEARD_FLUSH_MS = 1_000;
export const SILENCE_LOOK_MS = 4_000;

export const SWEEP_INTERVAL_MS = 2_000;
export const PRUNE_INTERVAL_MS = 60_000;
export const PRUNE_BATCH = 1_000;

/** Largest body of a source that says nothing else, of a provider that says nothing else. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/** Bodies held in memory before their signature was checked, all together. */
export const UNVERIFIED_BYTES = 67_108_864;

/** Bodies held in memory since then, until they are stored and their handlers have run, all together. */
export const VERIFIED_BYTES = 134_217_728;

/** How long one body may take to arrive. */
export const READ_DEADLINE_MS = 30_000;
