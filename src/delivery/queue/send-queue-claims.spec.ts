// How much more is asked for, of which webhook, and when: by claims, and for what comes ready to send.
import { describe, expect, it } from '@jest/globals';
import { scene } from '../../../test/setup/send-queue.js';

describe('the send queue', () => {
  it('claims ahead for a webhook that answers quickly, and not for one that does not', async () => {
    const { queue, add, answer } = scene(64);
    add('quick', 16);
    await answer(1, 5);
    expect(queue.room().perBusyWebhook.get('quick')).toBeGreaterThan(16);
    await answer(1, 5_000);
    expect(queue.room().perBusyWebhook.get('quick') ?? 0).toBeLessThanOrEqual(16);
  });

  it('shares what is free among as many webhooks as had work', () => {
    const { queue } = scene(64);
    queue.noteWalk(32);
    expect(queue.room().perWebhook).toBe(16);
    queue.noteWalk(1_000);
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
    add('crowded', 16);
    add('calm', 3);
    queue.noteBacklog('crowded', true);
    queue.noteBacklog('calm', false);
    await answer(4);
    const left = queue.reserve(100, 1).perBusyWebhook;
    expect(left.get('crowded')).toBe(0);
    expect(left.get('calm')).toBeGreaterThan(0);
    queue.noteBacklog('crowded', false);
    expect(queue.reserve(100, 1).perBusyWebhook.get('crowded')).toBeGreaterThan(0);
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

  it('promises no room twice', () => {
    const { queue } = scene(64);
    const first = queue.reserve(10, 100_000);
    expect(first).toMatchObject({ total: 10, perWebhook: 16 });
    expect(queue.reserve(10, 100_000)).toMatchObject({ total: 10, perWebhook: 6 });
    expect(queue.reserve(100, 100_000)).toMatchObject({ total: 21, perWebhook: 0 });
    queue.unreserve(first);
    expect(queue.reserve(100, 100_000)).toMatchObject({ total: 10, perWebhook: 0 });
  });
});
