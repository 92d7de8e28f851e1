// How much of what was verified is held in memory at once.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { gate, openScene, sendStripe } from './receive.harness.js';
import type { Scene } from './receive.harness.js';
import { stripeEvent, stripeHeaders } from './sender.harness.js';

const MIB = 1_048_576;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene([{ name: 'stripe', tenant: 'acme' }]);
  await scene.rows.query(`UPDATE posthorn.source SET max_body_bytes = $1 WHERE name = 'stripe'`, [40 * MIB]);
});
afterAll(() => scene?.close());

const large = (): string => stripeEvent('payment.made', { text: 'x'.repeat(30 * MIB) }).body;

it('is 64 MiB of one tenant until its handlers have run, also of senders that are gone; others are taken', async () => {
  const { shop, rows } = scene;
  const closed = gate();
  shop.behaviour.plan('book', () => closed.opened);
  const started = (count: number) => eventually(() => shop.behaviour.seen.length === count, `${count} handlers began`);
  const impatient = new AbortController();
  const body = large();
  const headers = stripeHeaders(body);
  const gone = fetch(`${shop.url}/webhooks/stripe`, { method: 'POST', body, headers, signal: impatient.signal });
  const left = expect(gone).rejects.toThrow();
  await started(1);
  impatient.abort();
  await left;
  const waiting = sendStripe(shop, large());
  await started(2);

  const third = large();
  const refused = await sendStripe(shop, third);
  expect([refused.status, refused.body, refused.headers.get('retry-after')]).toEqual([503, { error: 'Too busy' }, '5']);
  const theirs = sendStripe(shop, large(), '/webhooks/acme/stripe');
  await started(3);

  closed.open();
  expect([(await waiting).status, (await theirs).status]).toEqual([200, 200]);
  await eventually(async () => (await sendStripe(shop, third)).status === 200, 'there is room again');
  const counted = () => rows.query(`SELECT FROM posthorn.source_rejection WHERE reason = 'too_busy'`);
  await eventually(async () => (await counted()).length === 1, 'what was refused is told');
});
