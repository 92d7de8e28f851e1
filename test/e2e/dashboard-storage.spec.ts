// How the log is kept as its administrator sees it: from when on, how large, and the dropping of what is past its retention.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/kernel/clock.js';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { Database, Partitions, Retention } from '../../src/platform/database/index.js';
import { chromiumMissing } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, BUILT_WITHIN_MS, called, DashboardScene, EXACTLY, rowsOf } from './dashboard.harness.js';

const missing = chromiumMissing();
if (missing) console.warn(`The storage of the dashboard is not tested: ${missing}.`);
const when = missing ? it.skip : it;

const TABLES = ['event', 'delivery', 'delivery_attempt', 'received_event', 'handler_run'];
const DAY_MS = 86_400_000;
/** Far enough back that its day and the three that are made with it are past 30 days. */
const OLD = systemClock() - 40 * DAY_MS;

let scene: DashboardScene;

beforeAll(async () => {
  if (missing) return;
  scene = await DashboardScene.open({ retention: '30d' });
  // The server's own rounds are over: what is dropped from here on is dropped by the test.
  await scene.server.get(Retention).beforeApplicationShutdown();
}, BUILT_WITHIN_MS);
afterAll(() => scene?.close());
afterEach(() => {
  expect(scene?.browser.complaints.splice(0) ?? []).toEqual([]);
});

describe('the storage', () => {
  when('is shown, and what is past its retention goes while one looks on, but for unfinished work', async () => {
    const database = scene.server.get(Database);
    await scene.server.get(Partitions).makeAhead(OLD);
    const id = lowestIdAt(OLD);
    await database.query(
      {
        text: `INSERT INTO ${database.tables.handler_run} (received_event_id, handler, tenant_id, position, status, due_at)
               VALUES ($1, 'A.b', 'default', 1, 'failed', now() + interval '1 year')`,
      },
      [id],
    );
    const page = await scene.signedIn('settings/storage');
    await page.getByText(/^The log is kept for 30 d,/).waitFor();
    const table = page.getByRole('table', called('Tables of the log'));
    const droppedOf = (name: string) =>
      table.getByRole('row').filter({ has: page.getByRole('progressbar', called(`Partitions of ${name} dropped`)) });
    for (const name of TABLES) await droppedOf(name).getByText('0 of 4', EXACTLY).waitFor();
    const [[what, size, , oldest] = []] = await rowsOf(table);
    expect(what).toMatch(/^Events/);
    expect(size).toMatch(/^\d[\d,.]* [KM]iB$/);
    expect(oldest).toBe(new Date(OLD).toISOString().slice(0, 10));
    expect(await accessibilityOf(page)).toEqual([]);

    const retention = new Retention(database, { retentionMs: 30 * DAY_MS });
    // Rounds as the server has them: one gives up on a table that somebody happens to read.
    await eventually(async () => {
      await retention.enforce(systemClock());
      const [gone, held] = [TABLES.slice(0, 3), TABLES.slice(3)];
      const shown = async (name: string, text: string) =>
        (await droppedOf(name).getByText(text, EXACTLY).count()) === 1;
      const all = [...gone.map((name) => shown(name, '4 of 4')), ...held.map((name) => shown(name, '3 of 4'))];
      return !(await Promise.all(all)).includes(false);
    }, 'what nothing holds is dropped, and the page says so');
    expect(await accessibilityOf(page)).toEqual([]);
  });

  when('is nobody’s but the administrator’s', async () => {
    const made = await scene.server.api<{ key: string }>('POST', '/api/api-keys', { name: 'all', scopes: ['admin'] });
    const page = await scene.signedIn('settings', made.body.key);
    await page.getByRole('heading', called('No API key yet')).or(page.getByRole('table')).waitFor();
    expect(await page.getByRole('link', called('Storage')).count()).toBe(0);
  });
});
