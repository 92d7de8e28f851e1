// What a scenario leaves behind for the checker: what was published, what arrived, and what the log says.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** An event that the API has acknowledged. */
export interface Published {
  /** Our own number of it: part of its data, and its idempotency key. */
  readonly n: number;
  readonly id: string;
  /** Deliveries that the API has promised. */
  readonly deliveries: number;
  /** What it goes in order with; absent: with all that say nothing. */
  readonly orderingKey?: string;
}

/** A request as the receiver wrote it down. */
export interface Request {
  /** By the receiver's clock, in milliseconds. */
  readonly at: number;
  readonly path: string;
  readonly delivery: string;
  readonly attempt: number;
  readonly event: string;
  readonly n: number;
  /** Whether its signature fits its bytes. */
  readonly signed: boolean;
  /** What the sender's clock said, in milliseconds. */
  readonly sentAt: number;
  /** How many requests to this path were open with it: those that had come, and neither were answered nor cut off. */
  readonly open: number;
  /** What it was answered with. */
  readonly answer: string;
}

/** A delivery as the API shows it. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly webhookId: string;
  /** The delivery that this one replays. */
  readonly replayOf: string | null;
  readonly status: string;
  readonly reason: string | null;
  readonly completedAt: string | null;
  readonly attemptCount: number;
  readonly attempts: readonly Attempt[];
}

export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly httpStatus: number | null;
}

export interface Evidence {
  readonly published: readonly Published[];
  readonly requests: readonly Request[];
  readonly deliveries: readonly Delivery[];
}

export const NOT_FINAL = ['pending', 'sending', 'retrying'] as const;

/** Writes down what led to a broken promise, which is worth looking at; returns the file. */
export function keepEvidence(evidence: Evidence | undefined): string {
  const file = path.join(tmpdir(), `posthorn-faults-evidence-${process.pid}-${randomBytes(3).toString('hex')}.json`);
  writeFileSync(file, JSON.stringify(evidence, null, 1));
  return file;
}
