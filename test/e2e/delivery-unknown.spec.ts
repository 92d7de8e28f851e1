// Attempts whose sender never reported: their lease ends, the sweep takes them back, and a late outcome changes nothing.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

/** The sweep looks every three seconds. */

let scene: DeliveryScene;
let receiver: TestReceiver;

beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryTimeout: '20s' });
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await receiver?.close();
  await scene?.close();
});

/** As if the process that sends it had died, or stood still, for longer than its lease. */
const endLease = (id: string, unknownCount = 0): Promise<unknown> =>
  scene.sql(
    `UPDATE posthorn.delivery SET due_at = now() - interval '1 s', unknown_count = $2 WHERE id = $1 AND status = 'sending'`,
    [id, unknownCount],
  );

describe('an attempt that nobody reported on', () => {
  it('is recorded as unknown, uses up none of the schedule, and is sent again with the same body and ids', async () => {
    let late: ServerResponse | undefined;
    receiver.answers((_, response) => void (late = response), 500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const id = await target.send();
    const first = await receiver.next();
    await endLease(id);
    const second = await receiver.next();
    expect(second.body.equals(first.body)).toBe(true);
    expect(second.headers).toMatchObject({
      'x-webhook-delivery': id,
      'x-webhook-attempt': '2',
      'webhook-id': first.headers['webhook-id'],
    });
    const expected = {
      // Had the first used up a retry, there would be none left.
      status: 'retrying',
      attemptCount: 2,
      attempts: [
        { number: 1, outcome: 'unknown_outcome', httpStatus: null, response: null },
        { number: 2, outcome: 'server_error', httpStatus: 500 },
      ],
    };
    expect(await scene.becomes(id, 'retrying')).toMatchObject(expected);

    // The first one's answer after all. What is sent behind it is settled behind it.
    late?.writeHead(200).end();
    for (let n = 0; n < 3; n += 1) await scene.settled(await target.send());
    const delivery = await scene.delivery(id);
    expect(delivery).toMatchObject(expected);
    expect(delivery.attempts).toHaveLength(2);
  });

  it('ten times in a row ends the delivery; by hand it can be tried again, and counts anew', async () => {
    receiver.answers(
      () => undefined,
      () => undefined,
    );
    const target = await scene.target(receiver.url);
    const id = await target.send();
    await scene.becomes(id, 'sending');
    await endLease(id, 9);
    await eventually(async () => (await scene.delivery(id)).status === 'failed', 'it is given up');
    expect(await scene.delivery(id)).toMatchObject({
      reason: 'unknown_outcome',
      attemptCount: 1,
      nextAttemptAt: null,
      attempts: [{ outcome: 'unknown_outcome' }],
    });
    expect((await scene.retry(id)).status).toBe(202);
    await scene.becomes(id, 'sending');
    await endLease(id);
    await eventually(async () => (await scene.delivery(id)).status === 'success', 'it is sent again');
    expect(await scene.delivery(id)).toMatchObject({
      attemptCount: 3,
      attempts: [{ outcome: 'unknown_outcome' }, { outcome: 'unknown_outcome' }, { outcome: 'success' }],
    });
  });

  it('because PostgreSQL refuses its outcome, printable or not, holds up nobody', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await scene.sql(`CREATE SEQUENCE posthorn.refusals`);
    await scene.sql(`CREATE FUNCTION posthorn.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.url LIKE '${url}%' AND NEW.outcome <> 'unknown_outcome' THEN
        RAISE EXCEPTION 'out of range, attempt %', nextval('posthorn.refusals') USING ERRCODE = '22003';
      END IF;
      RETURN NEW;
    END $$`);
    await scene.sql(`CREATE TRIGGER refuse BEFORE INSERT ON posthorn.delivery_attempt
      FOR EACH ROW EXECUTE FUNCTION posthorn.refuse()`);
    const refusals = async (): Promise<number> =>
      Number((await scene.sql<{ last_value: string }>('SELECT last_value FROM posthorn.refusals'))[0]?.last_value);
    const id = await (await scene.target(url, { retrySchedule: ['1h'] })).send();
    await eventually(async () => (await refusals()) >= 2, 'it is refused, also without the error');
    await scene.settled(await (await scene.target(receiver.url)).send());
    expect(await refusals()).toBe(2);

    await scene.sql('DROP TRIGGER refuse ON posthorn.delivery_attempt');
    await endLease(id);
    expect(await scene.becomes(id, 'retrying')).toMatchObject({
      attempts: [{ outcome: 'unknown_outcome' }, { outcome: 'connection_error', error: 'ECONNREFUSED' }],
    });
  });
});
