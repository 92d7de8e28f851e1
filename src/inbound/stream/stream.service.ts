// What comes in, while it comes in. Every reader is followed by a loop of its own that reads a page, waits until it is taken
// and then for more: memory is bounded by readers, never by what they have not read.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { InvalidError, PosthornError } from '../../kernel/errors.js';
import { isId } from '../../kernel/ids.js';
import { EventStream } from '../../platform/http/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { SourcesService } from '../../registry/index.js';
import { ReceivedEventDto } from '../dto/received-event.dto.js';
import { StreamPosition } from './stream-position.js';
import { StreamWake } from './stream-wake.js';
import type { StreamReader } from './stream-wake.js';
import { StreamRepository } from './stream.repository.js';
import type { Followed } from './stream.repository.js';

/** Readers of one process, and of one tenant in it, so that none keeps the others out. */
export const MAX_STREAMS = 100;
export const MAX_TENANT_STREAMS = 20;

const PAGE = 50;
/** How long it may take to see what nobody hinted at. */
const POLL_MS = 1_000;
const BEAT_MS = 15_000;

/** Who reads, and from where on. */
export interface Reading extends Followed {
  /** What `Last-Event-ID` says. */
  readonly lastEventId?: string;
  /** Rejects once the caller may not read any more. */
  readonly stillAllowed: () => Promise<void>;
  /** How often it is asked, and hears that the connection lives. @defaultValue 15 seconds */
  readonly beatMs?: number;
}

@Injectable()
export class StreamService implements OnModuleDestroy {
  private readonly logger = new Logger('Stream');
  /** The tenants of those who read; one entry for each stream. */
  private readonly open: string[] = [];
  private readonly streams = new Set<EventStream>();
  private stopping = false;

  constructor(
    private readonly events: StreamRepository,
    private readonly wake: StreamWake,
    private readonly sources: SourcesService,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {}

  /** The first step of a stop: the server waits for the end of what it answers, and these end by nothing else. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const stream of this.streams) stream.end();
  }

  /**
   * Answers with what comes in, until the reader goes away or the process stops.
   *
   * @throws SourceNotFoundError; PosthornError where there are too many readers; InvalidError for an id that is none.
   */
  async stream(reading: Reading, response: object): Promise<void> {
    const { tenantId, source, lastEventId } = reading;
    if (lastEventId !== undefined && !isId(lastEventId))
      throw new InvalidError('invalid_last_event_id', 'Last-Event-ID is not one that a stream gave out.');
    if (source !== undefined) await this.sources.get(tenantId, source);
    this.enter(tenantId);
    const reader = this.wake.follow();
    try {
      const position = lastEventId === undefined ? await this.positionNow(reading) : StreamPosition.after(lastEventId);
      await this.follow(reading, position, reader, new EventStream(response));
    } finally {
      reader.close();
      this.open.splice(this.open.indexOf(tenantId), 1);
    }
  }

  private enter(tenantId: string): void {
    if (this.stopping || this.open.length >= MAX_STREAMS)
      throw new PosthornError('unavailable', 'too_many_streams', 'This server has no room for another stream.');
    if (this.open.filter((each) => each === tenantId).length >= MAX_TENANT_STREAMS)
      throw new PosthornError(
        'rate_limited',
        'too_many_streams',
        `A tenant reads at most ${MAX_TENANT_STREAMS} streams.`,
      );
    this.open.push(tenantId);
  }

  private async positionNow(followed: Followed): Promise<StreamPosition> {
    const nowMs = this.clock();
    return StreamPosition.now(nowMs, await this.events.findRecentIds(followed, nowMs));
  }

  private async follow(
    reading: Reading,
    position: StreamPosition,
    reader: StreamReader,
    stream: EventStream,
  ): Promise<void> {
    this.streams.add(stream);
    stream.beat(position.resumeId);
    const beating = setInterval(() => {
      reading.stillAllowed().then(
        () => stream.beat(position.resumeId),
        () => stream.end(),
      );
    }, reading.beatMs ?? BEAT_MS);
    try {
      while (!stream.closed.aborted && !this.stopping) {
        const askedAtMs = this.clock();
        const events = await this.events.findNew(reading, position, PAGE);
        for (const event of events)
          await stream.send({ event: 'received_event', id: event.id, data: ReceivedEventDto.from(event) });
        position.advance(
          events.map(({ id }) => id),
          events.length < PAGE,
          askedAtMs,
        );
        if (events.length < PAGE) await reader.next(POLL_MS, stream.closed);
      }
    } catch (error) {
      // The reader connects again, and is answered as the state of things then is.
      this.logger.warn(`A stream ends: ${(error as Error).message}`);
    } finally {
      clearInterval(beating);
      this.streams.delete(stream);
      stream.end();
    }
  }
}
