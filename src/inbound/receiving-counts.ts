// What is counted of receiving. Sources are bounded by what is configured, handlers by the code; their tenant is no label.
import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/observability/index.js';

@Injectable()
export class ReceivingCounts {
  /** A verified webhook was answered: an `Outcome`, or `error` where it came to none. */
  readonly received;
  /** A request was turned away before it was believed. */
  readonly rejected;
  /** A handler ended. */
  readonly ran;

  constructor(metrics: Metrics) {
    this.received = metrics.counter(
      'posthorn_received_webhooks_total',
      'Verified webhooks by source and by what became of them.',
      ['source', 'outcome'],
    );
    this.rejected = metrics.counter(
      'posthorn_rejected_requests_total',
      'Requests to a source that were turned away, by source and reason.',
      ['source', 'reason'],
    );
    this.ran = metrics.counter('posthorn_handler_runs_total', 'Runs of handlers by handler and outcome.', [
      'handler',
      'outcome',
    ]);
  }
}
