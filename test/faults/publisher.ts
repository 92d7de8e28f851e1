// The client: publishes numbered events, and goes on asking under the same key until it has an answer, as a careful
// application does. Writes down every answer, since what may be answered during a fault is a promise too.
import { setTimeout as delay } from 'node:timers/promises';
import type { Published } from './evidence.js';

/** Nobody should wait this long for an API that is up; whoever does is counted as hanging. */
const HANG_MS = 120_000;
const AGAIN_AFTER_MS = 100;
const BATCH = 20;
/** Where no API answers. */
const NOBODY = 'http://127.0.0.1:1';

/** Answers by status; 0 stands for a connection that broke, -1 for none within the time. */
export type Answers = Map<number, number>;

/** How events are published. */
export interface Publishing {
  /** After each batch. */
  readonly pauseMs?: number;
  /** What an event goes in order with, by its number. */
  readonly keyOf?: (n: number) => string | undefined;
}

export class Publisher {
  readonly published: Published[] = [];
  readonly answers: Answers = new Map();
  slowestMs = 0;
  private next = 0;
  private turn = 0;

  /** @param urls - The APIs that run at the moment; they are asked in turn. */
  constructor(
    private readonly urls: () => readonly string[],
    private readonly key: string,
  ) {}

  /** Publishes `count` more events of a type, with a pause after each batch. Resolves when all are acknowledged. */
  async publish(type: string, count: number, { pauseMs = 0, keyOf = () => undefined }: Publishing = {}): Promise<void> {
    for (let left = count; left > 0; left -= BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, left) }, () => this.next++);
      await this.untilAcknowledged(type, numbers, keyOf);
      if (pauseMs > 0) await delay(pauseMs);
    }
  }

  /** Asks the API anything once, and writes down what came of it. */
  async ask(method: string, target: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const urls = this.urls();
    const startedAt = performance.now();
    let answer: { status: number; body: unknown };
    try {
      const response = await fetch(`${urls[this.turn++ % Math.max(1, urls.length)] ?? NOBODY}${target}`, {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(HANG_MS),
      });
      answer = { status: response.status, body: await response.json() };
    } catch (error) {
      answer = { status: (error as Error).name === 'TimeoutError' ? -1 : 0, body: undefined };
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
    this.answers.set(answer.status, (this.answers.get(answer.status) ?? 0) + 1);
    return answer;
  }

  private async untilAcknowledged(
    type: string,
    numbers: readonly number[],
    keyOf: (n: number) => string | undefined,
  ): Promise<void> {
    const events = numbers.map((n) => ({
      event: type,
      data: { n },
      idempotencyKey: `n-${n}`,
      orderingKey: keyOf(n),
    }));
    for (;;) {
      const { status, body } = await this.ask('POST', '/api/events/batch', { events });
      if (status === 202) {
        const { results } = body as { results: { id: string; deliveries: number }[] };
        results.forEach(({ id, deliveries }, index) => {
          const n = numbers[index] ?? Number.NaN;
          this.published.push({ n, id, deliveries, orderingKey: keyOf(n) });
        });
        return;
      }
      if (status >= 400 && status < 500)
        throw new Error(`The API refused a good batch: ${status} ${JSON.stringify(body)}`);
      await delay(AGAIN_AFTER_MS);
    }
  }
}
