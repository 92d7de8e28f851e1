// Kept-alive connections to receivers: per origin a stack of free ones, each with one request at a time. undici's own Pool looks
// through all its connections for a free one at every request, which was a tenth of what a request cost this process.
import { Client } from 'undici';
import type { buildConnector, Dispatcher } from 'undici';

/** Free connections that are kept, over all origins. More are closed, those of the origin longest unused first. */
const MAX_FREE = 2_000;

interface Origin {
  readonly free: Client[];
  busy: number;
}

/** What is told once a request is over, however it ended, and its connection may serve the next one. */
export type Release = () => void;

export class Connections {
  /** In the order of their last use. */
  private readonly origins = new Map<string, Origin>();
  private readonly clients = new Set<Client>();
  private free = 0;
  private retired = false;

  constructor(private readonly connect: buildConnector.connector) {}

  /**
   * Sends a request over a free connection, or a new one.
   *
   * @param handlerOf - Makes the handler of the answer; it must call `release` exactly once, when the exchange is over.
   */
  dispatch(
    origin: string,
    request: Omit<Dispatcher.DispatchOptions, 'origin'>,
    handlerOf: (release: Release) => Dispatcher.DispatchHandler,
  ): void {
    const place = this.use(origin);
    const client = this.take(place, origin);
    client.dispatch(
      request,
      handlerOf(() => this.release(place, client)),
    );
  }

  /** Nothing new will be asked of it: free connections are closed now, the others once they are free. */
  retire(): void {
    this.retired = true;
    while (this.free > 0) this.closeOldest();
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.clients].map((client) => client.destroy()));
  }

  private use(origin: string): Origin {
    const place = this.origins.get(origin) ?? { free: [], busy: 0 };
    this.origins.delete(origin);
    this.origins.set(origin, place);
    return place;
  }

  /** The one that was free last: the rest may grow old and be closed. */
  private take(place: Origin, origin: string): Client {
    let client = place.free.pop();
    if (client) this.free -= 1;
    else {
      client = new Client(origin, { connect: this.connect, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
      this.clients.add(client);
    }
    place.busy += 1;
    return client;
  }

  private release(place: Origin, client: Client): void {
    place.busy -= 1;
    place.free.push(client);
    this.free += 1;
    if (this.retired || this.free > MAX_FREE) this.closeOldest();
  }

  private closeOldest(): void {
    for (const [origin, { free, busy }] of this.origins) {
      const client = free.shift();
      if (client) {
        this.free -= 1;
        this.clients.delete(client);
        void client.close();
      }
      if (free.length === 0 && busy === 0) this.origins.delete(origin);
      if (client) return;
    }
  }
}
