// What becomes of a verified webhook: first of its id, copy of a finished, running or unfinished one.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { newId } from '../kernel/ids.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Database } from '../platform/database/index.js';
import { activeTraceparent, SparingLog } from '../platform/observability/index.js';
import { ShutdownDeadline } from '../platform/shutdown-deadline.js';
import type { OpenSource } from '../registry/index.js';
import type { Outcome } from './answers.js';
import { HandlerRunner } from './handler-runner.js';
import { HandlerRunsRepository } from './handler-runs.repository.js';
import type { Claim } from './handler-runs.repository.js';
import { Handlers } from './handlers.js';
import { LedgerRepository } from './ledger.repository.js';
import type { LedgerEntry, NewReceivedEvent } from './ledger.repository.js';
import { OutcomeWatch } from './outcome-watch.js';
import { WAIT_MS } from './policy.js';
import { ReceivingCounts } from './receiving-counts.js';
import { Relay } from './relay.js';
import { RunsQueue } from './runs.queue.js';
import { SourceWatch } from './source-watch.js';
import { StreamWake } from './stream/stream-wake.js';
import { sha256, storable } from './webhook.js';
import type { VerifiedWebhook } from './webhook.js';

/** Either everything is said, or the caller holds the runs and must process them. */
type InboundAdmission = { readonly outcome: Outcome } | { readonly claim: Claim };

// An entry may be renewed or pruned between two statements; a third time in a row it is not.
const MAX_LOOKS = 3;

@Injectable()
export class InboundService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Inbound');
  /** By source, and by type or not: a sender sends what nobody handles as often as it likes, and its copies too. */
  private readonly unhandled = new SparingLog((line) => this.logger.log(line));
  private readonly conflicts = new SparingLog((line) => this.logger.warn(line));
  private stopping = false;

  constructor(
    private readonly ledger: LedgerRepository,
    private readonly runs: HandlerRunsRepository,
    private readonly handlers: Handlers,
    private readonly runner: HandlerRunner,
    private readonly watch: OutcomeWatch,
    private readonly queue: RunsQueue,
    private readonly relay: Relay,
    private readonly sourceWatch: SourceWatch,
    private readonly streamWake: StreamWake,
    private readonly database: Database,
    private readonly counts: ReceivingCounts,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly shutdown: ShutdownDeadline,
  ) {}

  /** Stores the event if it is the first of its id; else says what its copies are answered. */
  async admit(webhook: VerifiedWebhook): Promise<InboundAdmission> {
    this.sourceWatch.noteHeard(webhook.source);
    const admission = await this.countingErrors(webhook.source.name, this.judge(webhook));
    if ('outcome' in admission) this.counts.received(webhook.source.name, admission.outcome);
    return admission;
  }

  /** What has no outcome of its own, as where the database is away, is counted too. */
  private async countingErrors<Result>(source: string, work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      this.counts.received(source, 'error');
      throw error;
    }
  }

  private async judge(webhook: VerifiedWebhook): Promise<InboundAdmission> {
    const event = this.describe(webhook);
    for (let look = 0; look < MAX_LOOKS; look++) {
      const stored = await this.store(event, webhook);
      if (stored) {
        this.streamWake.stored();
        return this.admitFirst(event, webhook, stored.receivedAt);
      }
      const entry = await this.ledger.findEntry(event);
      if (entry) return this.admitCopy(entry, webhook.source);
    }
    return { outcome: 'in_progress' };
  }

  /** Runs what was claimed. */
  async process(claim: Claim): Promise<Outcome> {
    const progress = await this.countingErrors(claim.event.source, this.runner.run(claim, WAIT_MS));
    const outcome = progress === 'interrupted' ? 'in_progress' : progress;
    this.counts.received(claim.event.source, outcome);
    return outcome;
  }

  /** Runs the handlers of a stored event whose own time has come; false where it has not, or somebody else does. */
  async resume(eventId: string): Promise<boolean> {
    if (this.stopping) return false;
    const claim = await this.runs.claim(eventId, 'due');
    // Nobody waits for it, so it waits for nobody: a lane that is taken must not keep a worker.
    if (claim) await this.runner.run(claim, 0);
    return claim !== undefined;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.runner.drain(this.shutdown.leftMs);
  }

  private store(event: NewReceivedEvent, webhook: VerifiedWebhook): Promise<{ receivedAt: Date } | undefined> {
    const dispatch = this.relay.prepare(event, webhook);
    if (!dispatch) return this.ledger.store(event);
    return this.database.transactionOf(event.tenantId, async (executor) => {
      const [stored] = await this.ledger.storeAll([event], executor);
      if (stored) await dispatch(executor);
      return stored;
    });
  }

  private describe({ source, provider, request, parsed, maskedHeaders }: VerifiedWebhook): NewReceivedEvent {
    const readable = request.body.length > 0 && (parsed !== undefined || !provider.sendsJson);
    const { externalId, type, occurredAt } = storable(provider.describe(request, parsed?.data, source));
    const { idempotencyWindowSeconds: ownSeconds } = source;
    const handlers = readable ? this.handlers.findFor(source.name, type) : [];
    return {
      id: newId(),
      tenantId: source.tenantId,
      sourceId: source.id,
      source: source.name,
      provider: provider.name,
      externalId,
      type,
      status: !readable ? 'rejected' : handlers.length === 0 ? 'unhandled' : 'processing',
      headers: JSON.stringify(maskedHeaders),
      body: request.body,
      bodyHash: sha256(request.body),
      occurredAt,
      handlers: handlers.map(({ name }) => name),
      runStatus: source.processing === 'queued' ? 'pending' : 'running',
      traceparent: activeTraceparent() ?? null,
      windowMs: ownSeconds === undefined ? this.settings.idempotencyWindowMs : ownSeconds * 1_000,
    };
  }

  private admitFirst(
    event: NewReceivedEvent,
    { request, parsed, maskedHeaders }: VerifiedWebhook,
    receivedAt: Date,
  ): InboundAdmission {
    if (event.status === 'rejected') return { outcome: 'not_json' };
    if (event.status === 'unhandled') {
      this.unhandled.note(
        `${event.sourceId} ${event.type}`,
        () => `No handler for ${event.source} ${event.type} (received event ${event.id}).`,
      );
      return { outcome: 'unhandled' };
    }
    if (event.runStatus === 'pending') {
      this.queue.hint(event.id, 0);
      return { outcome: 'accepted' };
    }
    return {
      claim: {
        event: { ...event, occurredAt: event.occurredAt ?? null, receivedAt },
        content: { data: parsed ? parsed.data : request.body, headers: maskedHeaders },
        runs: event.handlers.map((handler) => ({ handler, attempt: 1, retriesUsed: 0 })),
      },
    };
  }

  private async admitCopy(
    { id, status, sameBody }: LedgerEntry,
    { id: sourceId, processing }: OpenSource,
  ): Promise<InboundAdmission> {
    if (!sameBody) {
      this.conflicts.note(
        sourceId,
        () => `Another body came under the id of received event ${id}; the first one counts.`,
      );
      await this.ledger.flagConflict(id);
    }
    if (status === 'rejected') return { outcome: 'not_json' };
    if (status !== 'processing' && status !== 'failed') return { outcome: 'already_processed' };
    if (processing === 'queued') {
      if (status === 'failed' && (await this.runs.requeue(id))) this.queue.hint(id, 0);
      return { outcome: 'accepted' };
    }
    const claim = await this.runs.claim(id, 'unfinished');
    return claim ? { claim } : this.awaitOutcome(id);
  }

  private async awaitOutcome(id: string): Promise<InboundAdmission> {
    const progress = await this.watch.outcomeOf(id, WAIT_MS);
    switch (progress) {
      case 'processed':
        return { outcome: 'already_processed' };
      case 'failed':
      case 'in_progress':
        return { outcome: progress };
      case 'interrupted': {
        // Its holder died while we waited.
        const claim = await this.runs.claim(id, 'unfinished');
        return claim ? { claim } : { outcome: 'in_progress' };
      }
    }
  }
}
