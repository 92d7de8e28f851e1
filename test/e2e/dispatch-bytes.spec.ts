// What is dispatched from application code: the bytes of an event, and many at the same moment.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventDispatcher } from '../../src/outbound/index.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;
let dispatcher: EventDispatcher;
let receiver: TestReceiver;

beforeAll(async () => {
  scene = await DeliveryScene.open();
  dispatcher = scene.server.get(EventDispatcher);
  receiver = await TestReceiver.start();
  await scene.server.webhook(receiver.url, ['shop.*']);
});
afterAll(async () => {
  await receiver?.close();
  await scene?.close();
});

const type = (): string => `shop.t${randomUUID().slice(0, 8)}`;
const requestsOf = (event: string) => receiver.received.filter(({ headers }) => headers['x-webhook-event'] === event);
const arrives = (event: string): Promise<unknown> =>
  eventually(() => requestsOf(event).length === 1, `${event} arrives once`);

describe('the bytes of an event', () => {
  const json =
    '{"pi":3.141592653589793,"tiny":5e-324,"huge":1.7976931348623157e+308,"minus":-0.1,"1":"first","z":1,"a":{"z":[],"a":{}},' +
    '"text":"Grüße \\u0000 \\u2028 🎉 \\ud800 \\" \\\\ / </script>","empty":"","null":null,"__proto__":{"x":1}}';

  it.each([
    ['odd numbers, odd text and odd keys', json],
    ['250 KiB', `{"filler":"${'💥'.repeat(64_000)}"}`],
  ])('are the same on each attempt, on each webhook and in the log: %s', async (_, data) => {
    const event = `bytes.${randomUUID()}`;
    const receivers = [await TestReceiver.start(), await TestReceiver.start()];
    for (const each of receivers) {
      each.answers(500, 503);
      await scene.server.webhook(each.url, [event]);
    }
    const { id } = await dispatcher.dispatch(event, JSON.parse(data) as object);
    const sent = JSON.stringify(JSON.parse(data));
    for (const each of receivers) {
      const attempts = [await each.next(), await each.next(), await each.next()];
      const { timestamp } = JSON.parse(attempts[0]!.body.toString()) as { timestamp: string };
      const expected = Buffer.from(`{"id":"${id}","event":"${event}","timestamp":"${timestamp}","data":${sent}}`);
      for (const { body } of attempts) expect(body.equals(expected)).toBe(true);
      await each.close();
    }
    const [stored] = await scene.sql<{ data: Buffer }>('SELECT data FROM posthorn.event WHERE id = $1', [id]);
    expect(stored?.data.equals(Buffer.from(sent))).toBe(true);
  });

  it('are those of the moment of the dispatch, however the object changes afterwards', async () => {
    const event = type();
    const data = { n: 1 };
    const dispatched = dispatcher.dispatch(event, data);
    data.n = 2;
    await dispatched;
    await arrives(event);
    expect(JSON.parse(requestsOf(event)[0]!.body.toString())).toMatchObject({ data: { n: 1 } });
  });

  it('may be exactly as many as are allowed', async () => {
    const event = type();
    await dispatcher.dispatch(event, { x: 'y'.repeat(262_144 - 8) });
    await arrives(event);
  });
});

describe('many at the same moment', () => {
  const REFUSED = 'shop.refused-by-postgresql';

  it('share statements, and each is stored, answered and sent', async () => {
    const event = type();
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => dispatcher.dispatch(event, { n })));
    expect(new Set(results.map(({ id }) => id)).size).toBe(50);
    expect(results.every(({ deliveries }) => deliveries === 1)).toBe(true);
    const [row] = await scene.sql<{ commits: number }>(
      'SELECT count(DISTINCT xmin::text)::int AS commits FROM posthorn.event WHERE type = $1',
      [event],
    );
    expect(row?.commits).toBeLessThan(25);
    await eventually(() => requestsOf(event).length === 50, 'all 50 arrive');
  });

  it('one that PostgreSQL refuses fails alone', async () => {
    const event = type();
    await scene.sql(`ALTER TABLE posthorn.event ADD CONSTRAINT refused CHECK (type <> '${REFUSED}') NOT VALID`);
    const outcomes = await Promise.allSettled(
      [event, event, event, REFUSED, event].map((name) => dispatcher.dispatch(name, {})),
    );
    await scene.sql('ALTER TABLE posthorn.event DROP CONSTRAINT refused');
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    await eventually(() => requestsOf(event).length === 4, 'the other four arrive');
  });
});
