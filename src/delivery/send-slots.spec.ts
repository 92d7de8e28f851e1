import { describe, expect, it } from '@jest/globals';
import { SendSlots } from './send-slots.js';

const ignore = (): void => undefined;

describe('send slots', () => {
  it('give one webhook a part of all slots, however much it has waiting', () => {
    const slots = new SendSlots(64, ignore);
    expect(slots.room()).toMatchObject({ total: 64, perWebhook: 16 });
    for (let n = 0; n < 16; n += 1) slots.take('slow');
    expect(slots.room()).toMatchObject({ total: 48, perWebhook: 16 });
    expect(slots.room().perBusyWebhook.get('slow')).toBe(0);
  });

  it('share what is free among as many webhooks as had work', () => {
    const slots = new SendSlots(64, ignore);
    slots.noteWalk(32);
    expect(slots.room().perWebhook).toBe(2);
    slots.noteWalk(1_000);
    expect(slots.room().perWebhook).toBe(1);
  });

  it('tell when a claim is worth it again, once and not for every slot', () => {
    let told = 0;
    const slots = new SendSlots(64, () => (told += 1));
    for (let n = 0; n < 16; n += 1) slots.take('a');
    slots.free('a');
    expect(told).toBe(0);
    slots.free('a');
    expect(told).toBe(1);
    for (let n = 0; n < 14; n += 1) slots.free('a');
    expect(told).toBe(1);
  });

  it('work with a single slot', () => {
    let told = 0;
    const slots = new SendSlots(1, () => (told += 1));
    slots.take('a');
    expect(slots.worthClaiming).toBe(false);
    slots.free('a');
    expect(told).toBe(1);
    expect(slots.room()).toMatchObject({ total: 1, perWebhook: 1 });
  });

  it('become idle when the last request ends', async () => {
    const slots = new SendSlots(4, ignore);
    slots.take('a');
    let idle = false;
    const waiting = slots.idle(60_000).then(() => (idle = true));
    expect(idle).toBe(false);
    slots.free('a');
    await waiting;
    expect(idle).toBe(true);
  });
});
