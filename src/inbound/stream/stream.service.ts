// What comes in, and what becomes of what is sent, while it happens. Every reader is followed by a loop of its own that reads a page, waits until it is taken
// and then for more: memory is bounded by readers, never by what they have not read.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { LiveFeed } from '../../delivery/index.js';
import type { Clock } from '../../kernel/clock.js';
import { InvalidError, PosthornError } from '../../kernel/errors.js';
import { isId } from '../../kernel/ids.js';
import { judgeRequirement } from '../../platform/access/index.js';
import type { Principal, Scope } from '../../platform/access/index.js';
import { EventStream } from '../../platform/http/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { SourcesService } from '../../registry/index.js';
import { liveKindsOf, StreamPages } from './stream-pages.js';
import type { Watched } from './stream-pages.js';
import { StreamPosition } from './stream-position.js';
import { StreamWake } from './stream-wake.js';
import type { StreamReader } from './stream-wake.js';

/** Readers of one process, and of one tenant in it, so that none keeps the others out. */
const MAX_STREAMS = 100;
export const MAX_TENANT_STREAMS = 20;

/** Events of one write, at most. */
const PAGE = 100;
/** How long it may take to see what nobody hinted at. */
const POLL_MS = 1_000;
const BEAT_MS = 15_000;

/** Who reads, and from where on. */
interface Reading extends Watched {
  /** What `Last-Event-ID` says. */
  readonly lastEventId?: string;
  readonly reader: Principal;
  /** Who the reader is by now; rejects once it may not read any more. */
  readonly stillAllowed: () => Promise<Principal>;
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
    private readonly pages: StreamPages,
    private readonly live: LiveFeed,
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
   * @throws InsufficientScopeError; SourceNotFoundError; PosthornError where there are too many readers; InvalidError for an id that is none.
   */
  async stream(reading: Reading, response: object): Promise<void> {
    const { tenantId, source, lastEventId } = reading;
    for (const scope of scopesOf(reading)) judgeRequirement(reading.reader, scope);
    if (lastEventId !== undefined && !isId(lastEventId))
      throw new InvalidError('invalid_last_event_id', 'Last-Event-ID is not one that a stream gave out.');
    if (source !== undefined) await this.sources.get(tenantId, source);
    this.enter(tenantId);
    const reader = this.wake.follow();
    let leave: (() => void) | undefined;
    try {
      if (liveKindsOf(reading).length > 0) leave = await this.live.follow(tenantId);
      const position = lastEventId === undefined ? await this.positionNow(reading) : StreamPosition.after(lastEventId);
      await this.follow(reading, position, reader, new EventStream(response));
    } finally {
      leave?.();
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

  private async positionNow(watched: Watched): Promise<StreamPosition> {
    const nowMs = this.clock();
    return StreamPosition.now(nowMs, await this.pages.findRecentIds(watched, nowMs));
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
      this.checkAgain(reading).then(
        () => stream.beat(position.resumeId),
        () => stream.end(),
      );
    }, reading.beatMs ?? BEAT_MS);
    try {
      while (!stream.closed.aborted && !this.stopping) {
        const askedAtMs = this.clock();
        const events = await this.pages.findNew(reading, position, PAGE);
        await stream.send(...events);
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

  private async checkAgain(reading: Reading): Promise<void> {
    const now = await reading.stillAllowed();
    for (const scope of scopesOf(reading)) judgeRequirement(now, scope);
  }
}

/** What it takes to read this. */
const scopesOf = ({ types = ['received'] }: Watched): Scope[] => [
  ...(types.includes('received') ? (['sources:read'] as const) : []),
  ...(types.some((type) => type !== 'received') ? (['deliveries:read'] as const) : []),
];
