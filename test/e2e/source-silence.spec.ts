// Sources that fall silent: who is told, how often, and what ends it. Two processes' worth of Posthorn share the database.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationalEvent } from '../../src/delivery/index.js';
import { SourceWatch } from '../../src/inbound/source-watch.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { api, sendStripe, startShop } from './receive.harness.js';
import type { Shop } from './receive.harness.js';
import { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, STRIPE_SECRET, stripeEvent } from './sender.harness.js';

const heard: OperationalEvent[] = [];
const ear = { onOperationalEvent: (event: OperationalEvent) => void heard.push(event) };

let shop: Shop;
let replica: Shop;
let rows: Rows;

beforeAll(async () => {
  const { url } = await cloneDatabase();
  rows = new Rows(url);
  const options = { operationalHooks: [{ useValue: ear }] };
  [shop, replica] = await Promise.all([startShop(url, options), startShop(url, options)]);
  const webhook = {
    url: 'https://nowhere.example.com/',
    events: ['posthorn.source.silent', 'posthorn.source.recovered'],
  };
  expect((await api(shop, 'webhooks', { method: 'POST', body: webhook })).status).toBe(201);
});
afterAll(async () => {
  await Promise.all([shop?.app.close(), replica?.app.close()]);
  await rows?.end();
});

const create = async (name: string, fields: object): Promise<void> => {
  const body = { name, provider: 'stripe', secrets: [STRIPE_SECRET], ...fields };
  expect(await api(shop, 'sources', { method: 'POST', body })).toMatchObject({ status: 201, body: fields });
};

/** The events about a source, as they are stored, oldest first, each with its deliveries. */
const told = (name: string) =>
  rows.query<{ type: string; deliveries: number }>(
    `SELECT type, (SELECT count(*)::int FROM posthorn.delivery d WHERE d.event_id = e.id) AS deliveries
     FROM posthorn.event e
     WHERE type LIKE 'posthorn.source.%' AND convert_from(data, 'UTF8')::json ->> 'source' = $1 ORDER BY id`,
    [name],
  );

const watch = async (name: string): Promise<{ silent: boolean; seconds: number } | undefined> => {
  const [row] = await rows.query<{ silent: boolean; seconds: number }>(
    `SELECT w.silent, extract(epoch FROM now() - w.heard_at)::float8 AS seconds
     FROM posthorn.source_watch w JOIN posthorn.source s ON s.id = w.source_id WHERE s.name = $1`,
    [name],
  );
  return row;
};

const lastHeard = (name: string, ago: string) =>
  rows.query(
    `UPDATE posthorn.source_watch SET heard_at = now() - $2::interval
     WHERE source_id = (SELECT id FROM posthorn.source WHERE name = $1)`,
    [name, ago],
  );

/** Once more, beside the looks that each takes by itself. */
const everyReplicaLooks = () => Promise.all([shop, replica].map(({ app }) => app.get(SourceWatch).look()));

const until = (what: string, check: () => Promise<boolean>): Promise<unknown> => eventually(check, what);

describe('a source with silentAfter', () => {
  it('is told of once when it is silent for longer, by whatever replica, and once when it is heard of again', async () => {
    await create('quiet', { silentAfter: '1h' });
    await create('lively', { silentAfter: '1h' });
    await create('unwatched', {});
    await until('both are watched', async () => Boolean((await watch('quiet')) && (await watch('lively'))));
    expect(await watch('unwatched')).toBeUndefined();
    await lastHeard('lively', '50 minutes');
    await lastHeard('quiet', '61 minutes');
    await until('it is told', async () => (await told('quiet')).length > 0);
    await everyReplicaLooks();

    const { body } = stripeEvent('payment.made');
    expect(answerOf(await sendStripe(replica, body, '/webhooks/quiet'))).toEqual(EXACT.processed);
    await until('its return is told', async () => (await told('quiet')).length > 1);
    expect(await watch('quiet')).toMatchObject({ silent: false });

    // Its next silence is another one.
    await lastHeard('quiet', '2 hours');
    await until('its next silence is told', async () => (await told('quiet')).length > 2);
    await everyReplicaLooks();
    expect(await told('quiet')).toEqual([
      { type: 'posthorn.source.silent', deliveries: 1 },
      { type: 'posthorn.source.recovered', deliveries: 1 },
      { type: 'posthorn.source.silent', deliveries: 1 },
    ]);
    expect(await told('lively')).toEqual([]);

    const [row] = await rows.query<{ id: string }>(`SELECT id FROM posthorn.source WHERE name = 'quiet'`);
    await until('the hooks were told', () => Promise.resolve(heard.length === 3));
    expect(heard.map(({ type, tenantId, data }) => ({ type, tenantId, data }))).toMatchObject([
      { type: 'posthorn.source.silent', tenantId: 'default', data: { sourceId: row?.id, source: 'quiet' } },
      { type: 'posthorn.source.recovered' },
      { type: 'posthorn.source.silent' },
    ]);
  });

  it('is heard of by every verified request, copies too', async () => {
    await create('copies', { silentAfter: '1h' });
    await until('it is watched', async () => Boolean(await watch('copies')));
    const { body } = stripeEvent('payment.made');
    for (const expected of [EXACT.processed, EXACT.already]) {
      await lastHeard('copies', '40 minutes');
      expect(answerOf(await sendStripe(shop, body, '/webhooks/copies'))).toEqual(expected);
      await until('it was heard of', async () => ((await watch('copies'))?.seconds ?? 3_600) < 1_200);
    }
  });

  it('by its own rhythm is told of after so many usual gaps, and not before its rhythm is known', async () => {
    await create('rhythmic', { silentAfter: '5x' });
    await until('it is watched', async () => Boolean(await watch('rhythmic')));
    const { body } = stripeEvent('payment.made');
    const comesAfter = async (pause: string): Promise<void> => {
      await lastHeard('rhythmic', pause);
      expect((await sendStripe(shop, body, '/webhooks/rhythmic')).status).toBe(200);
      await until('it was heard of', async () => ((await watch('rhythmic'))?.seconds ?? 3_600) < 120);
    };
    await comesAfter('3 days');
    await comesAfter('10 minutes');
    // One pause is no rhythm yet.
    await lastHeard('rhythmic', '4 days');
    await everyReplicaLooks();
    expect(await watch('rhythmic')).toMatchObject({ silent: false });

    await rows.query(
      `UPDATE posthorn.source_watch SET gaps = 9, begun_at = now() - interval '2 days'
       WHERE source_id = (SELECT id FROM posthorn.source WHERE name = 'rhythmic')`,
    );
    await comesAfter('10 minutes');
    await lastHeard('rhythmic', '49 minutes');
    await everyReplicaLooks();
    expect(await watch('rhythmic')).toMatchObject({ silent: false });
    await lastHeard('rhythmic', '51 minutes');
    await until('it is told', async () => (await told('rhythmic')).length > 0);
    await comesAfter('2 days');
    await until('its return is told', async () => (await told('rhythmic')).length > 1);
    // The outage was not taken for its rhythm.
    await lastHeard('rhythmic', '2 hours');
    await until('the next silence is told', async () => (await told('rhythmic')).length > 2);
  });

  it('is no longer watched once that is taken off, or it is deleted', async () => {
    await create('resting', { silentAfter: '1d' });
    await create('leaving', { silentAfter: '90s' });
    await until('both are watched', async () => Boolean((await watch('resting')) && (await watch('leaving'))));
    const patched = await api(shop, 'sources/resting', { method: 'PATCH', body: { silentAfter: null } });
    expect(patched.body).toMatchObject({ silentAfter: null });
    await rows.query(`UPDATE posthorn.source SET deleted_at = now() WHERE name = 'leaving'`);
    await lastHeard('leaving', '1 day');
    await until('neither is watched', async () => !(await watch('resting')) && !(await watch('leaving')));
    expect(await told('leaving')).toEqual([]);
  });
});
