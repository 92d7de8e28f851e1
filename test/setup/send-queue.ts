// A send queue whose requests end when a test says so.
import { SendQueue } from '../../src/delivery/queue/send-queue.js';
import type { Sendable } from '../../src/delivery/queue/send-lane.js';

interface Item extends Sendable {
  readonly n: number;
}

export function scene(limit: number): {
  queue: SendQueue<Item>;
  sent: number[];
  rooms: () => number;
  add: (webhookId: string, count: number, bytes?: number, maxInFlight?: number) => void;
  answer: (count: number, tookMs?: number) => Promise<void>;
} {
  const sent: number[] = [];
  const ends: ((tookMs: number) => void)[] = [];
  let rooms = 0;
  let next = 0;
  const queue = new SendQueue<Item>(
    limit,
    ({ n }) => {
      sent.push(n);
      return new Promise((resolve) => ends.push(resolve));
    },
    () => (rooms += 1),
  );
  return {
    queue,
    sent,
    rooms: () => rooms,
    add: (webhookId, count, bytes = 1, maxInFlight?: number) => {
      for (let i = 0; i < count; i += 1)
        queue.add({ webhookId, bytes, maxInFlight, paced: maxInFlight !== undefined, n: next++ });
    },
    answer: async (count, tookMs = 1) => {
      for (const end of ends.splice(0, count)) end(tookMs);
      await new Promise(setImmediate);
    },
  };
}
