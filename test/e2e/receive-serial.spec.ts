// serialBy: of the events of one entity, a handler is at work on one at a time, over all processes.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { OnWebhook } from '../../src/inbound/index.js';
import type { ReceivedEvent } from '../../src/inbound/index.js';
import { eventually } from '../setup/eventually.js';
import { Behaviour, gate, openScene, sendStripe, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import type { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';

const HANDLER = 'Customers.onChange';

/** Who is at work on an entity now, in all applications of this file, and how many were at most. */
const atWork = new Map<string, { now: number; most: number }>();

@Injectable()
class Customers {
  constructor(private readonly behaviour: Behaviour) {}

  @OnWebhook('inline', 'customer.*', { serialBy: ({ data }: ReceivedEvent<{ customer?: string }>) => data.customer })
  @OnWebhook('later', 'customer.*', { serialBy: ({ data }: ReceivedEvent<{ customer?: string }>) => data.customer })
  async onChange(event: ReceivedEvent<{ customer?: string }>): Promise<void> {
    const key = event.data.customer ?? '';
    const work = atWork.get(key) ?? { now: 0, most: 0 };
    atWork.set(key, work);
    work.now += 1;
    work.most = Math.max(work.most, work.now);
    try {
      await this.behaviour.act('customers', event);
    } finally {
      work.now -= 1;
    }
  }
}

let scene: Scene;
let rows: Rows;
let shops: Shop[];

beforeAll(async () => {
  const sources = [{ name: 'inline' }, { name: 'later', processing: 'queued' }] as const;
  scene = await openScene(sources, { providers: [Customers] });
  ({ rows } = scene);
  shops = [scene.shop, await startShop(scene.databaseUrl, { providers: [Customers] })];
});
afterAll(async () => {
  await shops?.[1]?.app.close();
  await scene?.close();
});

const plan = (act: (event: ReceivedEvent) => unknown) =>
  shops.forEach(({ behaviour }) => behaviour.plan('customers', act));
const changes = (count: number, customer?: string) =>
  Array.from({ length: count }, () => stripeEvent('customer.updated', { customer }));
const sendAll = (events: readonly { body: string }[], source: string) =>
  Promise.all(events.map(({ body }, n) => sendStripe(shops[n % 2] as Shop, body, `/webhooks/${source}`)));
const allProcessed = (events: readonly { id: string }[]) =>
  eventually(async () => {
    for (const { id } of events) if ((await rows.event(id))?.status !== 'processed') return false;
    return true;
  }, 'every event is processed');

describe('events of one entity', () => {
  it.each(['inline', 'later'])('are handled one at a time over two processes, each once: %s', async (source) => {
    plan(() => delay(15));
    const same = changes(24, `cus_${source}`);
    await sendAll(same, source);
    await allProcessed(same);
    expect(atWork.get(`cus_${source}`)).toEqual({ now: 0, most: 1 });
    for (const { id } of same) {
      expect(shops.flatMap(({ behaviour }) => behaviour.runsOf(id))).toEqual(['customers']);
      expect((await rows.runs(id))[0]).toMatchObject({ status: 'succeeded', attempt_count: 1 });
    }
    expect(await rows.query('SELECT FROM posthorn.handler_lane')).toEqual([]);
  });

  it('do not hold up those of others, nor those of none', async () => {
    const { opened, open } = gate();
    plan(({ data }) => ((data as { customer?: string }).customer === 'cus_slow' ? opened : undefined));
    const [slow] = changes(1, 'cus_slow');
    const answer = sendAll([slow as { body: string }], 'inline');
    await eventually(() => atWork.get('cus_slow')?.now === 1, 'the slow one is at work');
    const others = [...changes(2, 'cus_quick'), ...changes(2)];
    for (const given of await sendAll(others, 'inline')) expect(answerOf(given)).toEqual(EXACT.processed);
    open();
    await answer;
  });

  it('that wait for too long are told so, and handled when their turn comes', async () => {
    const { opened, open } = gate();
    const [first, second] = changes(2, 'cus_held') as [{ id: string; body: string }, { id: string; body: string }];
    plan(({ data }) => ((data as { id: string }).id === first.id ? opened : undefined));
    const answer = sendAll([first], 'inline');
    await eventually(() => atWork.get('cus_held')?.now === 1, 'the first one is at work');
    const [told] = await sendAll([second], 'inline');
    expect(answerOf(told as NonNullable<typeof told>)).toEqual(EXACT.inProgress);
    open();
    await answer;
    await allProcessed([second]);
    expect(atWork.get('cus_held')?.most).toBe(1);
  });

  it('are not held up for ever by a process that died', async () => {
    plan(() => undefined);
    await rows.query(
      `INSERT INTO posthorn.handler_lane VALUES ('default', $1, 'cus_dead', gen_random_uuid(), now() + interval '1 second')`,
      [HANDLER],
    );
    const [given] = await sendAll(changes(1, 'cus_dead'), 'inline');
    expect(answerOf(given as NonNullable<typeof given>)).toEqual(EXACT.processed);
  });
});
