// Kept-alive connections to receivers: per origin a stack of free ones, each with one request at a time. undici's own Pool looks
// through all its connections for a free one at every request, which was a tenth of what a request cost this process.
import { Client } from 'undici';
import type { buildConnector, Dispatcher } from 'undici';
import { monotonicNow } from '../../kernel/clock.js';
import type { EgressConnector } from '../../platform/egress/index.js';

/** Free connections that are kept, over all origins. More are closed, those of the origin longest unused first. */
export const MAX_FREE = 2_000;

/** A connection is given up a moment after its request, whose own end tells more. */
const GRACE_MS = 50;

interface Origin {
  readonly free: OpenLine[];
  busy: number;
}

/** What serves one request at a time: a connection, opened where there is none. */
export interface Line {
  /** On the monotonic clock: since when a connection is opened for the present request; `undefined`: there was one. */
  readonly openingSince: number | undefined;
  /** To be called once the request is over, however it ended: the next one may have the connection. */
  readonly release: () => void;
}

interface OpenLine extends Line {
  readonly client: Client;
  openingSince: number | undefined;
  /** For the present request, where a connection is opened for it. */
  openWithinMs: number;
}

export class Connections {
  /** In the order of their last use. */
  private readonly origins = new Map<string, Origin>();
  private readonly lines = new Set<OpenLine>();
  private free = 0;
  private retired = false;

  constructor(private readonly connect: EgressConnector) {}

  /**
   * Sends a request over a free connection, or a new one.
   *
   * @param withinMs - How long opening a connection may take: as long as all of the request.
   * @param handlerOf - Makes the handler of the answer; it must call `line.release` exactly once, when the exchange is over.
   */
  dispatch(
    origin: string,
    request: Omit<Dispatcher.DispatchOptions, 'origin'>,
    withinMs: number,
    handlerOf: (line: Line) => Dispatcher.DispatchHandler,
  ): void {
    const place = this.use(origin);
    const line = this.take(place, origin);
    line.openWithinMs = withinMs + GRACE_MS;
    line.client.dispatch(request, handlerOf(line));
  }

  /** How many are kept open that nobody uses. */
  get freeCount(): number {
    return this.free;
  }

  /** Closes so many of the free ones. */
  trim(count: number): void {
    for (let n = Math.min(count, this.free); n > 0; n -= 1) this.closeOldest();
  }

  /** Nothing new will be asked of it: free connections are closed now, the others once they are free. */
  retire(): void {
    this.retired = true;
    this.trim(this.free);
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.lines].map(({ client }) => client.destroy()));
  }

  private use(origin: string): Origin {
    const place = this.origins.get(origin) ?? { free: [], busy: 0 };
    this.origins.delete(origin);
    this.origins.set(origin, place);
    return place;
  }

  /** The one that was free last: the rest may grow old and be closed. */
  private take(place: Origin, origin: string): OpenLine {
    let line = place.free.pop();
    if (line) {
      this.free -= 1;
      line.openingSince = undefined;
    } else this.lines.add((line = this.newLine(place, origin)));
    place.busy += 1;
    return line;
  }

  private newLine(place: Origin, origin: string): OpenLine {
    const connect: buildConnector.connector = (options, callback) => {
      line.openingSince = monotonicNow();
      this.connect(options, callback, line.openWithinMs);
    };
    const line: OpenLine = {
      client: new Client(origin, { connect, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 }),
      openingSince: undefined,
      openWithinMs: 0,
      release: () => this.release(place, line),
    };
    return line;
  }

  private release(place: Origin, line: OpenLine): void {
    place.busy -= 1;
    place.free.push(line);
    this.free += 1;
    if (this.retired || this.free > MAX_FREE) this.closeOldest();
  }

  private closeOldest(): void {
    for (const [origin, { free, busy }] of this.origins) {
      const line = free.shift();
      if (line) {
        this.free -= 1;
        this.lines.delete(line);
        // It is destroyed, where a stop cut the last request over it.
        line.client.close().catch(() => undefined);
      }
      if (free.length === 0 && busy === 0) this.origins.delete(origin);
      if (line) return;
    }
  }
}
