// Runs the handlers of one claimed event, one after another, all of them even if one fails, and records what came of it.
// While they run the lease is renewed. The edge: a process that is held up for longer than a lease (a stopped virtual
// machine, a database out of reach) may have a handler run a second time elsewhere.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { monotonicNow } from '../kernel/clock.js';
import { inTime } from '../kernel/in-time.js';
import { nextWait } from '../kernel/retry-schedule.js';
import { executorOf } from '../platform/database/index.js';
import { inSpan } from '../platform/observability/index.js';
import { RANDOM_TOKEN } from '../platform/platform.module.js';
import { HandlerRunsRepository } from './handler-runs.repository.js';
import type { Claim, ClaimedRun, Content, Progress, RunOutcome, StoredEvent } from './handler-runs.repository.js';
import { HandlerTransactions } from './handler-transactions.js';
import { Handlers, retryWaitsOf, subscriptionFor } from './handlers.js';
import type { Handler } from './handlers.js';
import { beginRun } from './inbound-spans.js';
import { LEASE_MS, RENEW_INTERVAL_MS, RUN_RETRY_WAITS } from './policy.js';
import { Providers } from './providers/providers.js';
import type { ReceivedEvent } from './received-event.js';
import { ReceivingCounts } from './receiving-counts.js';
import { RunLease } from './run-lease.js';
import { RunsQueue } from './runs.queue.js';
import { laneOf, SerialLanes } from './serial-lanes.js';
import type { Lane } from './serial-lanes.js';
import { dataOf } from './webhook.js';

const MAX_ERROR_LENGTH = 2_000;
const SETTLE_PAUSE_MS = 250;

/** How a handler ended: what that made of the event (`undefined` where the run was not ours any more), and its own next try. */
interface Ended {
  readonly progress: Progress | undefined;
  readonly waitMs: number | null;
}

/** One run that is to be started. */
interface Work {
  readonly event: StoredEvent;
  readonly run: ClaimedRun;
  readonly content: Content;
  readonly lease: RunLease;
  readonly patienceMs: number;
}

@Injectable()
export class HandlerRunner {
  private readonly logger = new Logger('HandlerRunner');
  private readonly running = new Map<string, Promise<Progress>>();

  constructor(
    private readonly handlers: Handlers,
    private readonly providers: Providers,
    private readonly transactions: HandlerTransactions,
    private readonly runs: HandlerRunsRepository,
    private readonly lanes: SerialLanes,
    private readonly queue: RunsQueue,
    private readonly counts: ReceivingCounts,
    @Inject(RANDOM_TOKEN) private readonly random: () => number,
  ) {}

  /**
   * Runs what was claimed; the answer is what that made of the event.
   *
   * @param patienceMs - How long each run may wait for its lane, before it is put off.
   */
  run(claim: Claim, patienceMs: number): Promise<Progress> {
    const { id } = claim.event;
    const work = this.work(claim, patienceMs).finally(() => {
      // What is settled may be claimed anew before this process has heard that it is: then the entry is the newer one's.
      if (this.running.get(id) === work) this.running.delete(id);
    });
    this.running.set(id, work);
    return work;
  }

  /** The work on an event in this process, for whoever waits for its outcome. */
  inFlight(eventId: string): Promise<unknown> | undefined {
    return this.running.get(eventId);
  }

  /** Waits until nothing runs, but not longer than `timeoutMs`: what is left is run again elsewhere after its lease. */
  async drain(timeoutMs: number): Promise<void> {
    const deadline = monotonicNow() + timeoutMs;
    while (this.running.size > 0 && monotonicNow() < deadline) {
      await inTime(Promise.allSettled(this.running.values()), deadline - monotonicNow());
    }
    if (this.running.size > 0)
      this.logger.warn(`Stopping while handlers of ${this.running.size} events run: they will be run again.`);
  }

  private async work({ event, runs, content: known }: Claim, patienceMs: number): Promise<Progress> {
    const lease = new RunLease(this.runs, this.lanes, event.id, runs);
    const waits: number[] = [];
    let progress: Progress | undefined;
    try {
      const content = known ?? this.read(event);
      for (const run of runs) {
        // Somebody else may hold it by now; starting it would run it twice.
        if (!(await lease.covers(run))) continue;
        // Before the next one starts: what has succeeded is not run again for what the next one does to the process.
        const ended = await this.runOne({ event, run, content, lease, patienceMs });
        progress = ended.progress ?? progress;
        if (ended.waitMs !== null) waits.push(ended.waitMs);
      }
    } finally {
      lease.end();
    }
    if (waits.length > 0) this.queue.hint(event.id, Math.min(...waits));
    return progress ?? this.runs.findProgress(event.id);
  }

  private read({ provider, headers: json, body }: StoredEvent): Content {
    const headers = JSON.parse(json) as Record<string, string>;
    return { data: dataOf(this.providers.find(provider), { headers, body }), headers };
  }

  private async runOne(work: Work): Promise<Ended> {
    const { event, run } = work;
    const { handler: name, attempt } = run;
    const { id: eventId, tenantId } = event;
    const succeeded: RunOutcome = { eventId, tenantId, handler: name, attempt, error: null, waitMs: null };
    const handler = this.handlers.findByName(name);
    try {
      if (!handler) throw new Error(`No handler is called ${name} in this process.`);
      const ended = await this.inTurn(handler, succeeded, work);
      if (ended) return ended;
    } catch (error) {
      this.counts.ran(name, 'failed');
      const waits = handler ? retryWaitsOf(subscriptionFor(handler, event.source, event.type)) : RUN_RETRY_WAITS;
      const waitMs = nextWait(waits, run.retriesUsed, undefined, this.random) ?? null;
      this.logger.error(
        `${name} failed on ${event.source} ${event.type} (received event ${event.id}, attempt ${attempt}); ${
          waitMs === null ? 'no further try of our own' : `next try in ${Math.round(waitMs / 1_000)} s`
        }.`,
        error instanceof Error ? error.stack : String(error),
      );
      return this.settle({ ...succeeded, error: messageOf(error), waitMs });
    }
    return this.settle(succeeded);
  }

  /** Runs a handler once its lane is free; the answer is `undefined` where its success is still to be recorded. */
  private async inTurn(handler: Handler, succeeded: RunOutcome, work: Work): Promise<Ended | undefined> {
    const { event, run, content, lease, patienceMs } = work;
    const subscription = subscriptionFor(handler, event.source, event.type);
    const { transactional } = subscription;
    const given = toReceivedEvent(event, content, run.attempt);
    const lane = laneOf(subscription, handler.name, given);
    if (lane && !(await this.lanes.enter(lane, patienceMs)))
      return { progress: await this.runs.putOff(event.id, run, lane.key), waitMs: null };
    lease.lane = lane;
    try {
      if (transactional) {
        const progress = await this.runInTransaction(work, succeeded, handler, given, transactional);
        this.counts.ran(handler.name, 'succeeded');
        return { progress, waitMs: null };
      }
      await this.handle(work, handler, given);
      this.counts.ran(handler.name, 'succeeded');
      return undefined;
    } finally {
      lease.lane = undefined;
      if (lane) await this.leave(lane);
    }
  }

  private handle(
    { event, run }: Work,
    handler: Handler,
    given: ReceivedEvent,
    manager?: EntityManager,
  ): Promise<unknown> {
    return inSpan(beginRun(event, run), () => Promise.resolve(handler.handle(given, manager)));
  }

  /** Never fails: a lane that could not be given up is free when its lease ends. */
  private async leave(lane: Lane): Promise<void> {
    try {
      const next = await this.lanes.leave(lane);
      if (next) this.queue.hint(next, 0);
    } catch (error) {
      this.logger.warn(`A lane of ${lane.handler} is given up later: ${(error as Error).message}`);
    }
  }

  /**
   * Exactly once: the handler's effects and the mark of its success commit together, and only while the run is ours. A
   * claim by somebody else waits for the mark's lock, and then finds it; where it came first, there is nothing to mark.
   */
  private runInTransaction(
    work: Work,
    succeeded: RunOutcome,
    handler: Handler,
    event: ReceivedEvent,
    which: true | string,
  ): Promise<Progress> {
    return this.transactions.run(which, async (manager) => {
      await this.handle(work, handler, event, manager);
      const [progress] = await this.runs.settleAll([succeeded], await executorOf(manager));
      if (!progress) throw new Error('Another process took the run over; what this one did is undone.');
      return progress;
    });
  }

  /** Keeps trying while the lease lasts: the work is done, and forgetting it would mean doing it again. */
  private async settle(outcome: RunOutcome): Promise<Ended> {
    const deadline = monotonicNow() + LEASE_MS - RENEW_INTERVAL_MS;
    for (;;) {
      try {
        return { progress: await this.runs.settle(outcome), waitMs: outcome.waitMs };
      } catch (error) {
        if (monotonicNow() + SETTLE_PAUSE_MS > deadline) throw error;
        await delay(SETTLE_PAUSE_MS);
      }
    }
  }
}

const toReceivedEvent = (event: StoredEvent, { data, headers }: Content, attempt: number): ReceivedEvent =>
  Object.freeze({
    id: event.id,
    source: event.source,
    type: event.type,
    data,
    headers,
    occurredAt: event.occurredAt ?? undefined,
    receivedAt: event.receivedAt,
    attempt,
    deliveredBefore: attempt > 1,
    tenant: event.tenantId,
  });

/** What is kept of an error; PostgreSQL's text cannot hold NUL. */
const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll('\0', '').slice(0, MAX_ERROR_LENGTH) || 'Error';
