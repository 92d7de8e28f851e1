// How the work of handlers stands, read when somebody asks for the metrics: in the database, of which every process tells the same.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { glance, Metrics } from '../platform/observability/index.js';
import type { Reading } from '../platform/observability/index.js';
import { LEASE_MS } from './policy.js';
import { RunsQueue } from './runs.queue.js';

/** Runs of a state that are counted; more are at least so many. */
const MAX_RUNS = 10_000;

interface State {
  readonly due: number;
  readonly waiting: number;
  readonly running: number;
  readonly oldest: number;
}

@Injectable()
export class ReceivingGauges implements OnModuleInit {
  private readonly state: () => Promise<State>;

  constructor(
    private readonly metrics: Metrics,
    private readonly runs: RunsQueue,
    database: Database,
  ) {
    const statement = stateStatement(database);
    this.state = glance(async () => (await database.query<State>(statement))[0] as State);
  }

  onModuleInit(): void {
    this.metrics.gauge(
      'posthorn_queued_handler_runs',
      `Runs of handlers that are due and not taken, that wait for their time, and that somebody does; each counted up to ${MAX_RUNS}.`,
      'state',
      async (): Promise<Reading> => {
        const { due, waiting, running } = await this.state();
        return { due, waiting, running };
      },
    );
    this.metrics.gauge(
      'posthorn_oldest_due_run_seconds',
      'For how long the oldest due run has been due; 0 where there is none.',
      undefined,
      async () => ({ '': (await this.state()).oldest }),
    );
    this.metrics.gauge(
      'posthorn_run_jobs',
      'Jobs in the queue of handler runs, which are hints alone.',
      'state',
      (): Promise<Reading> => this.runs.countJobs(),
    );
  }
}

/**
 * No locks. Index handler_run_due, of which each count reads a part from its oldest on: unfinished runs alone are in it, and those
 * without a next try (`due_at IS NULL`) are in none of the parts. No lease reaches further than its length, so that runs which
 * wait for hours are not read to find those at work. A run whose lease ended counts as due, whoever held it.
 */
const stateStatement = ({ tables: { handler_run } }: Database): Statement => {
  const counted = (condition: string): string =>
    `(SELECT count(*)::int FROM (
        SELECT FROM ${handler_run} WHERE status <> 'succeeded' AND ${condition} ORDER BY due_at LIMIT ${MAX_RUNS}) r)`;
  return {
    name: 'posthorn_runs_state',
    text: `
      SELECT ${counted(`due_at <= now()`)} AS due,
             ${counted(`due_at > now() AND status <> 'running'`)} AS waiting,
             ${counted(`due_at > now() AND due_at <= now() + ${LEASE_MS} * interval '1 ms' AND status = 'running'`)} AS running,
             coalesce(extract(epoch FROM now() - (
               SELECT due_at FROM ${handler_run} WHERE status <> 'succeeded' AND due_at <= now() ORDER BY due_at LIMIT 1)), 0)::float8 AS oldest`,
  };
};
