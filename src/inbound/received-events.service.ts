import { Injectable } from '@nestjs/common';
import { ConflictError } from '../kernel/errors.js';
import { isId } from '../kernel/ids.js';
import { cursorId, momentOf, pageOf } from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import type { ReceivedEventQuery } from './dto/received-event-query.js';
import { ReceivedEventDetailDto, ReceivedEventDto } from './dto/received-event.dto.js';
import { Handlers } from './handlers.js';
import { ReceivedEventNotFoundError } from './inbound.errors.js';
import type { ReceivedEventRow } from './received-event.entity.js';
import { ReceivedEventsRepository } from './received-events.repository.js';
import { RunsQueue } from './runs.queue.js';

@Injectable()
export class ReceivedEventsService {
  constructor(
    private readonly events: ReceivedEventsRepository,
    private readonly handlers: Handlers,
    private readonly queue: RunsQueue,
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
    const rows = await this.events.findPage(tenantId, filter, limit + 1);
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    return { data: data.map((row) => ReceivedEventDto.from(row)), nextCursor };
  }

  async get(tenantId: string, id: string): Promise<ReceivedEventDetailDto> {
    const event = await this.find(tenantId, id);
    return ReceivedEventDetailDto.fromRows(event, await this.events.findRuns(tenantId, id));
  }

  /** Runs the unfinished handlers again, or all of them; where none had handled it, those that do now. */
  async replay(tenantId: string, id: string, all: boolean): Promise<{ count: number }> {
    const { source, type, status } = await this.find(tenantId, id);
    if (status === 'rejected')
      throw new ConflictError('event_rejected', 'The event was rejected: its body is not JSON.');
    const added = all || status === 'unhandled' ? this.handlers.findFor(source, type).map(({ name }) => name) : [];
    const count = await this.events.replay(tenantId, id, { all, added });
    if (count === undefined) throw new ConflictError('in_progress', 'Handlers of the event are running.');
    if (count > 0) this.queue.hint(id, 0);
    return { count };
  }

  private async find(tenantId: string, id: string): Promise<ReceivedEventRow> {
    const event = isId(id) ? await this.events.findById(tenantId, id) : null;
    if (!event) throw new ReceivedEventNotFoundError();
    return event;
  }
}
