// Server-sent events over one answer (https://html.spec.whatwg.org/multipage/server-sent-events.html). It holds no more
// than was handed to it last: who sends waits until the reader has taken that, and a reader that takes nothing is let go.
import type { ServerResponse } from 'node:http';

/** How long a reader may take nothing of what waits for it. */
const STALLED_MS = 60_000;

/** After how long a client connects again. */
const RETRY_MS = 1_000;

/** An answer, by Express or by Fastify. */
interface Answering {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

/** One event. Its data is sent as JSON, which has no line breaks. */
export interface ServerSentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: object;
}

export class EventStream {
  readonly #response: ServerResponse;
  readonly #closed = new AbortController();

  /** Begins the answer. From here on nobody else may write to it. */
  constructor(response: object) {
    const answering = response as Answering;
    answering.hijack?.();
    this.#response = answering.raw ?? (response as ServerResponse);
    this.#response.once('close', () => this.#closed.abort());
    // The connection may break while something is written; `close` follows.
    this.#response.on('error', () => undefined);
    this.#response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // nginx would gather what is to be seen at once.
      'X-Accel-Buffering': 'no',
    });
    // Gone already: `close` does not come again.
    if (this.#response.destroyed) this.#closed.abort();
    if (this.#response.req.method === 'HEAD') this.end();
    else this.#response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Aborted once nothing more can be sent: the reader went away, or the stream was ended. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Sends events, in one write; fulfils when there is room for the next ones, or nobody is there to read them. */
  async send(...events: readonly ServerSentEvent[]): Promise<void> {
    if (this.closed.aborted || events.length === 0) return;
    const texts = events.map(({ event, id, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (!this.#response.write(texts.join(''))) await this.drained();
  }

  /** Says that the connection lives, and from where to go on; nothing while the reader has not taken what came before. */
  beat(id: string): void {
    if (!this.closed.aborted && !this.#response.writableNeedDrain) this.#response.write(`: here\nid: ${id}\n\n`);
  }

  /** Ends the answer; clients connect again by themselves. What a reader has not taken by now it does not get. */
  end(): void {
    this.#closed.abort();
    // Waiting for a reader that takes nothing would keep the server from stopping.
    if (this.#response.writableNeedDrain) this.#response.destroy();
    else this.#response.end();
  }

  private drained(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      const stalled = setTimeout(() => response.destroy(), STALLED_MS);
      const settle = (): void => {
        clearTimeout(stalled);
        response.off('drain', settle).off('close', settle);
        resolve();
      };
      response.on('drain', settle).on('close', settle);
    });
  }
}
