// What is counted and measured of sending, in this process.
import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/observability/index.js';
import type { AttemptOutcome } from './delivery-status.js';
import type { Verdict } from './transport/outcome.js';
import { LATENCY_BOUNDS_MS } from './stats/latency.js';

const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MS_PER_S = 1_000;

/** What of an outcome is counted. */
interface Settled {
  readonly attempt: { readonly outcome: AttemptOutcome; readonly durationMs: number };
  readonly verdict: Pick<Verdict, 'status'>;
}

@Injectable()
export class SendingCounts {
  private readonly attempt;
  private readonly delivery;
  private readonly duration;
  private readonly claimSize;
  private readonly claimTime;
  private readonly settleSize;
  private readonly settleTime;

  constructor(metrics: Metrics) {
    this.attempt = metrics.counter('posthorn_attempts_total', 'Attempts by what they came to.', ['outcome']);
    this.delivery = metrics.counter(
      'posthorn_deliveries_total',
      'What became of deliveries: final statuses, and retrying each time that another attempt is planned.',
      ['status'],
    );
    this.duration = metrics.histogram(
      'posthorn_attempt_duration_seconds',
      'How long attempts took.',
      LATENCY_BOUNDS_MS.map((ms) => ms / MS_PER_S),
    );
    this.claimSize = metrics.histogram(
      'posthorn_claim_batch_size',
      'Deliveries taken by a claim that found any.',
      SIZES,
    );
    this.claimTime = metrics.histogram('posthorn_claim_duration_seconds', 'How long claims took.', SECONDS);
    this.settleSize = metrics.histogram('posthorn_settle_batch_size', 'Outcomes written by one statement.', SIZES);
    this.settleTime = metrics.histogram('posthorn_settle_duration_seconds', 'How long writing them took.', SECONDS);
  }

  claimed(taken: number, tookMs: number): void {
    if (taken > 0) this.claimSize(taken);
    this.claimTime(tookMs / MS_PER_S);
  }

  settled(batch: readonly Settled[], tookMs: number): void {
    for (const { attempt, verdict } of batch) {
      this.attempt(attempt.outcome);
      this.delivery(verdict.status);
      this.duration(attempt.durationMs / MS_PER_S);
    }
    this.settleSize(batch.length);
    this.settleTime(tookMs / MS_PER_S);
  }

  /** Deliveries ended without an attempt. */
  ended(status: 'skipped' | 'expired', count: number): void {
    for (let n = 0; n < count; n += 1) this.delivery(status);
  }

  /** Attempts that nobody reported on. */
  lost(statuses: readonly string[]): void {
    for (const status of statuses) {
      this.attempt('unknown_outcome');
      if (status !== 'pending') this.delivery(status);
    }
  }
}
