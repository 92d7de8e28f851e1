// How sending stands, read when somebody asks for the metrics: in this process, and in the database, of which every process tells
// the same.
import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { Clock } from '../kernel/clock.js';
import { Database, Partitions } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { glance, Metrics } from '../platform/observability/index.js';
import type { Reading } from '../platform/observability/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { RetryQueue } from './retry/retry.queue.js';
import { Sender } from './sender.js';
import { SettleBatch } from './settle/settle.js';
import { PACED } from './claim/webhook-targets.js';

/** Due deliveries that are counted; more are at least so many. */
const MAX_DUE = 10_000;

/** Of one webhook so many are looked at, from its oldest on. */
const MAX_DUE_OF_WEBHOOK = 1_000;

interface State {
  readonly due: number;
  readonly oldest: number;
  readonly sending: number;
  readonly circuits: number;
  readonly probing: number;
}

@Injectable()
export class SendingGauges implements OnModuleInit {
  private readonly state: () => Promise<State>;

  constructor(
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly metrics: Metrics,
    database: Database,
    private readonly sender: Sender,
    private readonly settle: SettleBatch,
    private readonly retries: RetryQueue,
    private readonly partitions: Partitions,
  ) {
    const statement = stateStatement(database);
    this.state = glance(async () => (await database.query<State>(statement))[0] as State);
  }

  onModuleInit(): void {
    const { metrics } = this;
    const here = (name: string, help: string, read: () => number): void =>
      metrics.gauge(name, help, undefined, () => ({ '': read() }));
    here(
      'posthorn_requests_in_flight',
      'Requests of this process that receivers have not answered.',
      () => this.sender.queue.held.inFlight,
    );
    here(
      'posthorn_claimed_waiting',
      'Deliveries that this process has claimed and not begun.',
      () => this.sender.queue.held.waiting,
    );
    here(
      'posthorn_outcomes_unwritten',
      'Outcomes of this process that are not written yet.',
      () => this.settle.backlog,
    );
    const stored = (name: string, help: string, read: (state: State) => number): void =>
      metrics.gauge(name, help, undefined, async () => ({ '': read(await this.state()) }));
    stored(
      'posthorn_due_deliveries',
      `Deliveries that are due and not taken, of webhooks that may be sent to now; counted up to ${MAX_DUE}.`,
      ({ due }) => due,
    );
    stored(
      'posthorn_oldest_due_seconds',
      'For how long the oldest of them has been due; 0 where there is none.',
      ({ oldest }) => oldest,
    );
    stored(
      'posthorn_sending_deliveries',
      'Deliveries that are being sent, by all processes.',
      ({ sending }) => sending,
    );
    stored(
      'posthorn_circuits_open',
      'Webhooks that pause because of their failures, or because their receiver asked.',
      ({ circuits }) => circuits,
    );
    stored(
      'posthorn_circuits_half_open',
      'Webhooks whose pause is over, and that get one request at a time of each worker until one is answered.',
      ({ probing }) => probing,
    );
    metrics.gauge(
      'posthorn_partitions_ahead_days',
      'Days after today that have all their partitions; they are made three days ahead. -1: today has not.',
      undefined,
      async () => ({ '': await this.partitions.daysAhead(this.clock()) }),
    );
    metrics.gauge(
      'posthorn_retry_jobs',
      'Jobs in the queue of retries, which are hints alone.',
      'state',
      (): Promise<Reading> => this.retries.countJobs(),
    );
  }
}

/**
 * Walks delivery_pending as claims do: a loose scan lists the webhooks with something due, then some of each are read in the
 * order of that index. Left out are webhooks that pause and those with limits of their own: what is due there waits as it should.
 */
const stateStatement = ({ tables: t }: Database): Statement => ({
  name: 'posthorn_sending_state',
  text: `
    WITH RECURSIVE due (webhook_id) AS (
      (SELECT d.webhook_id FROM ${t.delivery} d WHERE d.status = 'pending' ORDER BY d.webhook_id, d.id DESC LIMIT 1)
      UNION ALL
      SELECT (SELECT d.webhook_id FROM ${t.delivery} d
              WHERE d.status = 'pending' AND d.webhook_id > due.webhook_id ORDER BY d.webhook_id, d.id DESC LIMIT 1)
      FROM due WHERE due.webhook_id IS NOT NULL
    ), found AS (
      SELECT p.due_at FROM due
      JOIN ${t.webhook} w ON w.id = due.webhook_id AND NOT ${PACED}
      LEFT JOIN ${t.webhook_health} h ON h.webhook_id = due.webhook_id
      CROSS JOIN LATERAL (
        SELECT d.due_at FROM ${t.delivery} d
        WHERE d.status = 'pending' AND d.webhook_id BETWEEN due.webhook_id AND due.webhook_id
        ORDER BY d.webhook_id DESC, d.id LIMIT ${MAX_DUE_OF_WEBHOOK}) p
      WHERE coalesce(h.paused_until <= now(), true) LIMIT ${MAX_DUE}
    )
    SELECT count(*)::int AS due, coalesce(greatest(0, extract(epoch FROM now() - min(due_at))), 0)::float8 AS oldest,
           (SELECT count(*)::int FROM ${t.delivery} WHERE status = 'sending') AS sending,
           (SELECT count(*)::int FROM ${t.webhook_health} WHERE paused_until > now()) AS circuits,
           (SELECT count(*)::int FROM ${t.webhook_health} WHERE times_opened > 0 AND coalesce(paused_until <= now(), true)) AS probing
    FROM found`,
});
