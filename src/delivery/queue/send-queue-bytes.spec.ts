// Large bodies: fewer of them are claimed and in flight, and small ones go on beside them.
import { describe, expect, it } from '@jest/globals';
import { scene } from '../../../test/setup/send-queue.js';

describe('the send queue', () => {
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

  it('counts the bytes of what it hands back no longer', () => {
    const { queue, add } = scene(64);
    add('big', 17, 16 * 1_048_576);
    expect(queue.room().takesLarge).toBe(false);
    queue.takeBack('big');
    expect(queue.room().takesLarge).toBe(true);
  });
});
