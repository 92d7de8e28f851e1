// posthorn listen: what a server receives, posted to the user's own machine, until Ctrl-C.
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../kernel/clock.js';
import type { Io } from './cli.js';
import { forward } from './forward.js';
import type { Forwarding } from './forward.js';
import { AwayError, SERVER_OPTIONS, serverOf } from './server.js';
import type { Server } from './server.js';
import { serverSent } from './server-sent.js';
import { argumentsOf, FailureError, httpUrl, jsonObject } from './usage.js';

/** How long before the server is tried again: at first, and at most. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Ids remembered: after a break the server says again what came in the last seconds before it. */
const MAX_SEEN = 10_000;

export async function listen(args: readonly string[], io: Io): Promise<number> {
  const { values } = argumentsOf(args, {
    one: ['forward', 'source', 'resign', 'config', ...SERVER_OPTIONS],
  });
  const url = httpUrl('--forward', values.forward);
  const server = serverOf(values, io);
  const config = jsonObject('--config', values.config);
  const forwarding: Forwarding = { url, resign: values.resign, config, signal: io.signal };
  await new Listener(server, values.source, forwarding, io).run();
  return 0;
}

class Listener {
  private readonly seen = new Set<string>();
  /** The place that the first answer began at: what is before it came before we listened. */
  private begin: string | undefined;
  private last: string | undefined;
  private waitMs = FIRST_WAIT_MS;

  constructor(
    private readonly server: Server,
    private readonly source: string | undefined,
    private readonly forwarding: Forwarding,
    private readonly io: Io,
  ) {}

  /** Follows the stream, again and again. Ends when the user wants it, or where the server refuses for good. */
  async run(): Promise<void> {
    for (;;) {
      try {
        await this.follow();
        this.io.err('The server ended the stream; connecting again.');
      } catch (error) {
        if (this.io.signal.aborted) throw error;
        // At the very first, a server that does not answer is more likely another one than was meant.
        if (!(error instanceof AwayError) || this.begin === undefined) throw error;
        this.io.err(`${error.message} Trying again.`);
        this.waitMs = Math.max(this.waitMs, error.retryAfterMs ?? 0);
      }
      await delay(this.waitMs, undefined, { signal: this.io.signal });
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    }
  }

  private async follow(): Promise<void> {
    const from = this.last;
    const answer = await this.server.stream(this.source, from);
    try {
      for await (const { id, event, data } of serverSent(answer as AsyncIterable<Buffer>)) {
        if (id === undefined) continue;
        if (data === undefined) this.noteBegin(id);
        else if (event === 'received_event' && this.isNew(id, from !== undefined)) await this.take(id, data);
        // Only now: what was cut off by a break is asked for again.
        this.last = id;
        this.waitMs = FIRST_WAIT_MS;
      }
    } catch (error) {
      if (this.io.signal.aborted || error instanceof FailureError) throw error;
      throw new AwayError(`The stream broke (${(error as Error).message}).`);
    }
  }

  private noteBegin(id: string): void {
    if (this.begin !== undefined) return;
    this.begin = id;
    this.io.err(`Listening at ${this.server.url}, forwarding to ${this.forwarding.url}. Ctrl-C ends it.`);
    if (this.forwarding.resign === undefined)
      this.io.err('Signatures are not kept by the server, and so not forwarded: --resign SECRET makes new ones.');
  }

  /** After a break, what came shortly before it is told again; so may be what came before we listened at all. */
  private isNew(id: string, again: boolean): boolean {
    return !this.seen.has(id) && !(again && id < (this.begin ?? ''));
  }

  private async take(id: string, data: string): Promise<void> {
    const { type, source } = JSON.parse(data) as { type: string; source: string };
    const event = await this.server.event(id);
    const { outcome, ms } = event ? await forward(event, this.forwarding) : { outcome: 'not there any more', ms: 0 };
    this.io.out(`${new Date(systemClock()).toISOString()}  ${source}  ${printable(type)}  ${id}  ${outcome}  ${ms} ms`);
    this.seen.add(id);
    // The oldest comes first.
    if (this.seen.size > MAX_SEEN) for (const first of this.seen) return void this.seen.delete(first);
  }
}

/** A sender's word cannot steer the terminal. */
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, '?');
