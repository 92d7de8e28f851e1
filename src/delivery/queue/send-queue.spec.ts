// Slots: who is sent to next, who waits, and what is handed back instead.
import { describe, expect, it } from '@jest/globals';
import { scene } from '../../../test/setup/send-queue.js';
import { monotonicNow } from '../../kernel/clock.js';

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

  it('goes on once a hold is over, though nothing is in flight whose answer would start what waits', async () => {
    const { queue, sent, add, answer } = scene(4);
    add('a', 2);
    queue.hold('a', monotonicNow() + 60_000);
    await answer(1);
    queue.resume();
    expect(sent).toEqual([0]);
    queue.hold('a', monotonicNow() - 1);
    queue.resume();
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
