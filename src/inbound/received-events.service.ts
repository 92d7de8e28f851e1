// The log of what came in, and running its handlers again. Refuses a replay of what handlers are at work on, or never could be.
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../kernel/clock.js';
import { ValidationFailedError } from '../kernel/errors.js';
import { isId } from '../kernel/ids.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { cursorId, momentOf, pageOf } from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { BulkReplayRepository } from './bulk-replay.repository.js';
import type { BulkReplayDto } from './dto/bulk-replay.dto.js';
import type { ReceivedEventQuery } from './dto/received-event-query.js';
import { ReceivedEventDetailDto, ReceivedEventDto } from './dto/received-event.dto.js';
import { Handlers } from './handlers.js';
import {
  EventInProgressError,
  EventRejectedError,
  ReceivedEventNotFoundError,
  TooManyEventsError,
} from './inbound.errors.js';
import { MAX_REPLAYED_EVENTS } from './policy.js';
import type { ReceivedEventRow } from './received-event.entity.js';
import { ReceivedEventsRepository } from './received-events.repository.js';
import { RunsQueue } from './runs.queue.js';

interface EventKind {
  readonly source: string;
  readonly type: string;
}

@Injectable()
export class ReceivedEventsService {
  constructor(
    private readonly events: ReceivedEventsRepository,
    private readonly handlers: Handlers,
    private readonly queue: RunsQueue,
    private readonly bulk: BulkReplayRepository,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  async list(tenantId: string, query: ReceivedEventQuery): Promise<Page<ReceivedEventDto>> {
    const { source, status, limit } = query;
    const filter = {
      source,
      status,
      since: momentOf(query.since),
      until: momentOf(query.until),
      beforeId: cursorId(query.cursor),
    };
    const { rows, lookedTo } = await this.events.findPage(tenantId, filter, limit + 1);
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id, lookedTo);
    return { data: data.map((row) => ReceivedEventDto.of(row)), nextCursor };
  }

  async get(tenantId: string, id: string): Promise<ReceivedEventDetailDto> {
    const event = await this.find(tenantId, id);
    return ReceivedEventDetailDto.ofRows(event, await this.events.findRuns(tenantId, id));
  }

  /**
   * Runs the unfinished handlers again, or all of them; where none had handled it, those that do now.
   *
   * @throws ReceivedEventNotFoundError, EventRejectedError, EventInProgressError
   */
  async replay(
    tenantId: string,
    id: string,
    all: boolean,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<{ count: number }> {
    const { source, type, status } = await this.find(tenantId, id);
    if (status === 'rejected') throw new EventRejectedError();
    const added = all || status === 'unhandled' ? this.handlers.findFor(source, type).map(({ name }) => name) : [];
    const replayed = await this.ledger.run(tenantId, request, async (executor) => {
      const count = await this.events.replay(executor, tenantId, id, { all, added });
      if (count === undefined) throw new EventInProgressError();
      const after = { shown: { all, count } };
      await this.audit.record(executor, author, { action: 'received_event.replayed', resource: id, after });
      return { count };
    });
    if (replayed.count > 0) this.queue.hint(id, 0);
    return replayed;
  }

  /**
   * {@link replay} of all that was received in a time; with `dryRun` only counts.
   *
   * @throws ValidationFailedError without `since`, TooManyEventsError
   */
  async replayMany(
    tenantId: string,
    { dryRun, source, type, all = false, ...time }: BulkReplayDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<{ count: number }> {
    const since = momentOf(time.since);
    if (!since) throw new ValidationFailedError(['since must be given']);
    const filter = { tenantId, source, type, all, since, until: momentOf(time.until) ?? new Date(this.clock()) };
    const found = await this.bulk.find(filter, MAX_REPLAYED_EVENTS + 1);
    if (found.length > MAX_REPLAYED_EVENTS) throw new TooManyEventsError(MAX_REPLAYED_EVENTS);
    const chosen = { tenantId, ids: found.map(({ id }) => id), all };
    const kinds = new Map<string, EventKind>();
    for (const { status, source, type } of found)
      if (all || status === 'unhandled') kinds.set(`${source} ${type}`, { source, type });
    const added = [...kinds.values()].flatMap((kind) =>
      this.handlers
        .findFor(kind.source, kind.type)
        .map(({ name }, index) => ({ ...kind, handler: name, position: index + 1 })),
    );
    let due: string[] = [];
    const answer = await this.ledger.run(tenantId, request, async (executor) => {
      if (dryRun) return { count: await this.bulk.count(executor, chosen, added) };
      const replayed = await this.bulk.replay(executor, chosen, added);
      due = replayed.map(({ id }) => id);
      const count = replayed.reduce((sum, one) => sum + one.runs, 0);
      const after = { shown: { ...time, type, all, count } };
      await this.audit.record(executor, author, { action: 'received_events.replayed', resource: source ?? '*', after });
      return { count };
    });
    void this.queue.hintAll(due);
    return answer;
  }

  private async find(tenantId: string, id: string): Promise<ReceivedEventRow> {
    const event = isId(id) ? await this.events.findById(tenantId, id) : null;
    if (!event) throw new ReceivedEventNotFoundError();
    return event;
  }
}
