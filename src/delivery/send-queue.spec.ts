import { describe, expect, it } from '@jest/globals';
import { monotonicNow } from '../kernel/clock.js';
import { SendQueue } from './send-queue.js';
import type { Sendable } from './send-lane.js';

interface Item extends Sendable {
  readonly n: number;
}

/** A queue whose requests end when the test says so. */
function scene(limit: number): {
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

describe('the send queue', () => {
  it('lets one webhook hold a part of the requests in flight, however much it has waiting', () => {
    const { queue, sent, add } = scene(64);
    expect(queue.room()).toMatchObject({ total: 512, perWebhook: 16 });
    add('slow', 40);
    expect(sent).toHaveLength(16);
    expect(queue.room().perBusyWebhook.get('slow')).toBe(0);
    add('other', 1);
    expect(sent).toHaveLength(17);
  });

  it('keeps to the limit of a webhook of its own, claims nothing ahead of it, and asks for the next at each answer', async () => {
    const { queue, sent, add, answer, rooms } = scene(64);
    add('gentle', 2, 1, 1);
    expect(sent).toEqual([0]);
    expect(queue.room().perBusyWebhook.get('gentle')).toBe(0);
    await answer(1);
    expect(sent).toEqual([0, 1]);
    await answer(1);
    expect(rooms()).toBe(1);
  });

  it('claims ahead for a webhook that answers quickly, and not for one that does not', async () => {
    const { queue, add, answer } = scene(64);
    add('quick', 16);
    await answer(1, 5);
    expect(queue.room().perBusyWebhook.get('quick')).toBeGreaterThan(16);
    await answer(1, 5_000);
    expect(queue.room().perBusyWebhook.get('quick') ?? 0).toBeLessThanOrEqual(16);
  });

  it('starts what waits in order, as requests end', async () => {
    const { sent, add, answer } = scene(4);
    add('a', 4);
    expect(sent).toEqual([0]);
    await answer(1);
    await answer(1);
    expect(sent).toEqual([0, 1, 2]);
  });

  it('gives free slots to the webhooks in turn', async () => {
    const { sent, add, answer } = scene(4);
    for (const webhookId of ['a', 'b', 'c', 'd', 'e', 'f']) add(webhookId, 2);
    expect(sent).toEqual([0, 2, 4, 6]);
    await answer(4);
    await answer(4);
    await answer(4);
    expect([...sent].sort((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('leaves no slots with webhooks that have a backlog, where another waits', async () => {
    const { sent, add, answer } = scene(4);
    for (const webhookId of ['a', 'b', 'c', 'd']) add(webhookId, 50);
    add('e', 1);
    await answer(4);
    await answer(4);
    expect(sent).toContain(200);
  });

  it('has no room for a webhook whose waiting bodies are large, and goes on claiming for others', async () => {
    const { queue, add, answer } = scene(64);
    // One is in flight, and it is known to answer quickly.
    add('large', 2);
    await answer(1);
    add('large', 17, 256 * 1_024);
    expect(queue.room().perBusyWebhook.get('large')).toBe(0);
    expect(queue.reserve(10, 1).perBusyWebhook.get('large')).toBe(0);
    expect(queue.worthClaiming).toBe(true);
  });

  it('tells that there is room for a webhook with large bodies again once fewer of them wait', async () => {
    const { add, answer, rooms } = scene(64);
    add('large', 16, 256 * 1_024);
    await answer(1);
    expect(rooms()).toBeGreaterThan(0);
  });

  it('shares what is free among as many webhooks as had work', () => {
    const { queue } = scene(64);
    queue.noteWalk(queue.room(), new Map(), 32);
    expect(queue.room().perWebhook).toBe(16);
    queue.noteWalk(queue.room(), new Map(), 1_000);
    expect(queue.room().perWebhook).toBe(1);
  });

  it('keeps room for what comes ready to send, and leaves a claim its own', () => {
    const { queue, add } = scene(64);
    add('busy', 10);
    const room = queue.reserve(1_000, 100);
    expect(room).toMatchObject({ total: 512 - 10 - 64, perWebhook: 16 });
    expect(room.perBusyWebhook.get('busy')).toBe(6);
    expect(queue.room().total).toBe(64);
    expect(queue.worthClaiming).toBe(true);
    expect(queue.reserve(1, 100).total).toBe(0);
    queue.unreserve(room);
    const small = queue.reserve(3, 100);
    expect(small.total).toBe(3);
    queue.unreserve(small);
    expect(queue.reserve(1_000, 1_048_576).total).toBe(4);
  });

  it('keeps no room where more may be due than there was room for: it would be overtaken', async () => {
    const { queue, add, answer } = scene(64);
    const room = queue.room();
    add('crowded', 16);
    add('calm', 3);
    queue.noteWalk(
      room,
      new Map([
        ['crowded', 16],
        ['calm', 3],
      ]),
    );
    await answer(4);
    const left = queue.reserve(100, 1).perBusyWebhook;
    expect(left.get('crowded')).toBe(0);
    expect(left.get('calm')).toBeGreaterThan(0);
    queue.noteWalk(queue.room(), new Map([['crowded', 2]]));
    expect(queue.reserve(100, 1).perBusyWebhook.get('crowded')).toBeGreaterThan(0);
  });

  it('has fewer requests in flight when their bodies are large, and of one webhook a part of that', async () => {
    const { sent, add, answer } = scene(64);
    for (const webhookId of ['a', 'b', 'c', 'd', 'e']) add(webhookId, 3, 1.5 * 1_048_576);
    // 12 MiB in all, 3 MiB of one webhook.
    expect(sent).toEqual([0, 1, 3, 4, 6, 7, 9, 10]);
    await answer(1);
    expect(sent).toHaveLength(9);
  });

  it('starts several that wait when a large one has ended', async () => {
    const { sent, add, answer } = scene(64);
    add('big', 1, 25 * 1_048_576);
    add('other', 8, 20 * 1_024);
    expect(sent).toEqual([0]);
    await answer(1);
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('hands back what has waited for too long, of every webhook, and keeps the rest in order', async () => {
    const { queue, sent, add, answer } = scene(4);
    add('a', 4);
    add('b', 3);
    add('a', 1);
    expect(queue.takeWhere(({ n }) => n < 4).map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(queue.takeWhere(({ n }) => n < 7).map(({ n }) => n)).toEqual([5, 6]);
    await answer(2);
    expect(sent).toEqual([0, 4, 7]);
    expect(queue.held).toEqual({ inFlight: 1, waiting: 0 });
  });

  it('stops claiming while too many bytes wait', () => {
    const { queue, add } = scene(64);
    expect(queue.worthClaiming).toBe(true);
    add('a', 16 + 256, 16 * 1_024);
    expect(queue.worthClaiming).toBe(false);
  });

  it('claims what is small alone while too many large bytes wait, and tells when fewer of them do', async () => {
    const { queue, add, answer, rooms } = scene(64);
    const large = 768 * 1_024;
    for (const webhookId of ['a', 'b', 'c', 'd']) add(webhookId, 5, large);
    expect(queue.room().takesLarge).toBe(true);
    add('e', 2, large);
    add('small', 1);
    expect(queue.worthClaiming).toBe(true);
    const { takesLarge, perBusyWebhook } = queue.room();
    expect(takesLarge).toBe(false);
    expect(perBusyWebhook.get('e')).toBe(0);
    expect(perBusyWebhook.get('small')).toBeGreaterThan(0);
    await answer(1, 1_000);
    expect(queue.room().takesLarge).toBe(true);
    expect(rooms()).toBe(1);
  });

  it('keeps room for small ones that come ready to send while too many large bytes wait, and for no large ones', () => {
    const { queue, add } = scene(64);
    add('big', 2, 5 * 1_048_576);
    expect(queue.reserve(3, 20 * 1_024).total).toBe(0);
    expect(queue.reserve(3, 16 * 1_024).total).toBe(3);
  });

  it('starts small ones while as many large bytes are in flight as may be, and large ones in turn', async () => {
    const { sent, add, answer } = scene(64);
    for (const webhookId of ['a', 'b', 'c', 'd']) add(webhookId, 2, 3 * 1_048_576);
    add('e', 1, 3 * 1_048_576);
    expect(sent).toEqual([0, 2, 4, 6]);
    add('small', 20, 16 * 1_024);
    expect(sent.slice(4)).toEqual(Array.from({ length: 16 }, (_, i) => 9 + i));
    await answer(1);
    expect(sent.slice(20)).toEqual([1]);
  });

  it('tells when a claim is worth it again, and not after every answer', async () => {
    const { add, answer, rooms } = scene(64);
    add('a', 16);
    await answer(3, 1_000);
    expect(rooms()).toBe(0);
    await answer(1, 1_000);
    expect(rooms()).toBe(1);
    await answer(12, 1_000);
    expect(rooms()).toBe(1);
  });

  it('works with a single slot', async () => {
    const { queue, sent, add, answer, rooms } = scene(1);
    add('a', 1);
    expect(sent).toEqual([0]);
    await answer(1);
    expect(rooms()).toBeGreaterThan(0);
    expect(queue.worthClaiming).toBe(true);
  });

  it('hands back what waits for one webhook, and has room for others in its place', async () => {
    const { queue, sent, add, answer } = scene(64);
    add('paused', 40, 16 * 1_024);
    add('other', 20);
    expect(queue.takeBack('paused').map(({ n }) => n)).toEqual(Array.from({ length: 24 }, (_, i) => 16 + i));
    expect(queue.held).toEqual({ inFlight: 32, waiting: 4 });
    expect(queue.room().total).toBe(512 - 36);
    expect(queue.takeBack('paused')).toEqual([]);
    expect(queue.takeBack('unknown')).toEqual([]);
    await answer(32);
    expect(sent.slice(32)).toEqual([56, 57, 58, 59]);
    await answer(4);
    expect(queue.held).toEqual({ inFlight: 0, waiting: 0 });
    expect(queue.room().perBusyWebhook.size).toBe(0);
  });

  it('counts the bytes of what it hands back no longer', () => {
    const { queue, add } = scene(64);
    add('big', 17, 16 * 1_048_576);
    expect(queue.room().takesLarge).toBe(false);
    queue.takeBack('big');
    expect(queue.room().takesLarge).toBe(true);
  });

  it('starts nothing of a webhook that is held, and has no room for it, until what waits is taken back', async () => {
    const { queue, sent, add, answer } = scene(64);
    add('held', 20);
    queue.hold('held', monotonicNow() + 60_000);
    add('other', 1);
    await answer(17);
    expect(sent).toHaveLength(17);
    add('held', 1);
    expect(sent).toHaveLength(17);
    expect(queue.room().perBusyWebhook.get('held')).toBe(0);
    expect(queue.reserve(1, 1).perBusyWebhook.get('held')).toBe(0);
    expect(queue.takeBack('held')).toHaveLength(5);
    add('held', 1);
    expect(sent).toHaveLength(18);
  });

  it('has no room for a webhook that is held with nothing waiting', async () => {
    const { queue, add, answer } = scene(64);
    add('held', 1);
    queue.hold('held', monotonicNow() + 60_000);
    await answer(1);
    expect(queue.room().perBusyWebhook.get('held')).toBe(0);
    queue.takeBack('held');
    expect(queue.room().perBusyWebhook.has('held')).toBe(false);
  });

  it('goes on with a webhook whose hold is over, though nobody took it back', async () => {
    const { queue, sent, add, answer } = scene(4);
    add('a', 2);
    queue.hold('a', monotonicNow() - 1);
    await answer(1);
    expect(sent).toEqual([0, 1]);
  });

  it('knows nothing more of a webhook whose one delivery waited for too long', () => {
    const { queue, add } = scene(4);
    for (const webhookId of ['a', 'b', 'c', 'd', 'probed']) add(webhookId, 1);
    expect(queue.takeWhere(() => true)).toHaveLength(1);
    expect(queue.room().perBusyWebhook.has('probed')).toBe(false);
  });

  it('keeps a part of the slots from slow webhooks, however many there are', async () => {
    const { sent, add, answer } = scene(16);
    const slow = ['a', 'b', 'c', 'd'];
    for (const webhookId of slow) add(webhookId, 4);
    expect(sent).toHaveLength(16);
    await answer(16, 10_000);
    for (const webhookId of slow) add(webhookId, 4);
    expect(sent).toHaveLength(16 + 12);
    add('other', 4);
    expect(sent).toHaveLength(16 + 16);
    // One that answers in time has its full part again.
    await answer(16, 1);
    await answer(4, 1);
    for (const webhookId of slow) add(webhookId, 4);
    expect(sent).toHaveLength(36 + 16);
  });

  it('promises no room twice', () => {
    const { queue } = scene(64);
    const first = queue.reserve(10, 100_000);
    expect(first).toMatchObject({ total: 10, perWebhook: 16 });
    expect(queue.reserve(10, 100_000)).toMatchObject({ total: 10, perWebhook: 6 });
    expect(queue.reserve(100, 100_000)).toMatchObject({ total: 21, perWebhook: 0 });
    queue.unreserve(first);
    expect(queue.reserve(100, 100_000)).toMatchObject({ total: 10, perWebhook: 0 });
  });

  it('hands back what waits when it is stopped, and is idle when the last request ends', async () => {
    const { queue, sent, add, answer } = scene(4);
    add('a', 3);
    expect(queue.stop().map(({ n }) => n)).toEqual([1, 2]);
    let idle = false;
    const waiting = queue.idle(60_000).then(() => (idle = true));
    expect(idle).toBe(false);
    await answer(1);
    await waiting;
    expect(sent).toEqual([0]);
  });
});
