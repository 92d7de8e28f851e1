// The dashboard over a large log while much is sent, in a real browser (Debian's Chromium, or the one that CHROMIUM names):
//   npm run bench:dashboard -- [--deliveries 1000000] [--rate 500] [--rounds 8] [--seconds 60]
// One server with that many deliveries stored, of which most are of the tenant that is looked at; from then on it dispatches and
// sends so many a second for the same tenant. Printed: the first load, how long each thing takes that a person does, and what
// following the attempts costs the page: long tasks, memory, and attempts that it was told of against those that were made.
/* global document, PerformanceObserver -- of the page, into which they are sent */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '60' },
  },
});
const [DELIVERIES, RATE, ROUNDS, SECONDS] = ['deliveries', 'rate', 'rounds', 'seconds'].map((name) =>
  Number(flags[name]),
);
const TYPES = 10;
/** Events are dispatched so many times a second. */
const BATCHES = 10;
const LOADS = 5;
const HOURS_AGO = 20 * 24;
const DATA = { orderId: '1042', total: '99.95', note: 'x'.repeat(950) };

ensureBuilt();
const { chromium } = await import('playwright-core');
const { withPostgres } = await import('./setup/database.mjs');
const { makeHistory, BIG } = await import('./setup/history.mjs');
const { machine, median, percentile, table } = await import('./setup/numbers.mjs');
const { ADMIN_KEY, withDispatcher, withProcess } = await import('./setup/posthorn.mjs');
const { machineNow, withReceiver } = await import('./setup/receiver.mjs');

console.log(machine());
await withPostgres(async (postgres) =>
  withReceiver(async (receiver) => {
    const at = await postgres.createDatabase('dashboard');
    await withDispatcher(at, async (posthorn) => {
      await fill(at, posthorn, receiver);
      await withProcess({ ...at, role: 'all' }, async ({ url }) => {
        const key = await keyOf(url);
        const browser = await chromium.launch({
          executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
          args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--js-flags=--expose-gc'],
        });
        try {
          await measure({ browser, posthorn, page: `${url}/dashboard/`, key });
        } finally {
          await browser.close();
        }
      });
    });
  }),
);

async function fill(at, posthorn, receiver) {
  const startedAt = performance.now();
  const { tables } = posthorn.database;
  await makeHistory({ connection: at.connection, tables, deliveries: DELIVERIES, url: receiver.url('/hang') });
  const [{ all, big, attempts }] = await posthorn.database.query({
    text: `SELECT (SELECT count(*)::int FROM ${tables.delivery}) AS "all",
                  (SELECT count(*)::int FROM ${tables.delivery} WHERE tenant_id = '${BIG}') AS big,
                  (SELECT count(*)::int FROM ${tables.delivery_attempt}) AS attempts`,
  });
  console.log(
    `${all} deliveries with ${attempts} attempts, ${big} of the tenant that is looked at; ` +
      `made in ${Math.round((performance.now() - startedAt) / 1_000)} s.`,
  );
  const types = Array.from({ length: TYPES }, (_, n) => `live.t${n}`);
  await posthorn.createWebhook(BIG, receiver.url('/ok'), types);
}

async function keyOf(url) {
  const response = await fetch(`${url}/api/api-keys`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'X-Tenant': BIG, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'the benchmark', scopes: ['admin'] }),
  });
  if (response.status !== 201) throw new Error(`No key: ${response.status} ${await response.text()}`);
  return (await response.json()).key;
}

async function measure({ browser, posthorn, page: url, key }) {
  const open = async () => {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC' });
    tab.setDefaultTimeout(60_000);
    return tab;
  };
  const overview = `${url}#token=${key}`;
  const quiet = await firstLoads(open, overview);
  const sending = { goesOn: true };
  const sent = stream(posthorn, sending);
  try {
    await delay(3_000);
    const busy = await firstLoads(open, overview);
    console.log(`\nThe first load, nothing in the cache, medians of ${LOADS}:`);
    table([
      ['', 'kB sent', 'first paint ms', 'data shown ms'],
      ['nothing is sent', ...quiet],
      [`${RATE} attempts/s`, ...busy],
    ]);
    const tab = await open();
    await tab.goto(overview);
    await tab.getByText('Success rate').waitFor();
    await interactions(tab);
    await followed(tab, posthorn);
  } finally {
    // Else the sending would outlive the database, and hide what went wrong.
    sending.goesOn = false;
    await sent;
  }
}

async function firstLoads(open, overview) {
  const seen = [];
  for (let n = 0; n < LOADS; n += 1) {
    const tab = await open();
    await tab.goto(overview);
    await tab.getByText('Success rate').waitFor();
    seen.push(
      await tab.evaluate(() => {
        const files = [
          ...performance.getEntriesByType('navigation'),
          ...performance.getEntriesByType('resource').filter(({ name }) => !name.includes('/api/')),
        ];
        const [paint] = performance.getEntriesByName('first-contentful-paint');
        return [
          files.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1_000,
          paint?.startTime ?? NaN,
          performance.now(),
        ];
      }),
    );
    await tab.close();
  }
  return [0, 1, 2].map((column) => Math.round(median(seen.map((row) => row[column]))));
}

/** Events at the rate, in batches; each makes one delivery, and that one attempt. */
async function stream({ dispatcher }, sending) {
  let sent = 0;
  for (let dueAt = machineNow(); sending.goesOn; dueAt += 1_000 / BATCHES) {
    const events = Array.from({ length: RATE / BATCHES }, () => ({
      event: `live.t${(sent += 1) % TYPES}`,
      data: DATA,
    }));
    await dispatcher.dispatchMany(events, BIG);
    await delay(Math.max(0, dueAt + 1_000 / BATCHES - machineNow()));
  }
}

/** What a person does, over and over: from the click to what it was for. */
async function interactions(tab) {
  const firstRow = tab.getByRole('table', { name: 'Deliveries, newest first' }).locator('tbody tr').first();
  const firstLink = firstRow.getByRole('link');
  const linkIs = (before) =>
    tab.waitForFunction((was) => {
      const link = document.querySelector('tbody tr a')?.getAttribute('href');
      return link && link !== was;
    }, before);
  const goTo = (name) =>
    tab.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
  const jump = new Date(Date.now() - HOURS_AGO * 3_600_000).toISOString().slice(0, 16);
  const steps = [
    ['open deliveries', () => goTo('Deliveries'), () => firstLink.waitFor()],
    [
      'filter: failed',
      () => tab.getByLabel('Status', { exact: true }).selectOption('failed'),
      () => firstRow.locator('td').nth(1).filter({ hasText: 'failed' }).waitFor(),
    ],
    ['next page', () => tab.getByRole('button', { name: 'Older' }).click(), linkIs, true],
    ['jump 20 days back', () => tab.getByLabel('Jump to').fill(jump), linkIs, true],
    ['open one delivery', () => firstLink.click(), () => tab.getByRole('navigation', { name: 'Attempts' }).waitFor()],
    ['webhooks', () => goTo('Webhooks'), () => tab.locator('svg.sparkline').first().waitFor()],
    ['overview', () => goTo('Overview'), () => tab.getByText('Success rate').waitFor()],
  ];
  const took = new Map(steps.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, act, seen, fromLink] of steps) {
      const before = fromLink ? await firstLink.getAttribute('href') : undefined;
      const startedAt = performance.now();
      await act();
      await seen(before);
      took.get(name).push(performance.now() - startedAt);
    }
  console.log(`\nFrom the click to what it was for, ms, ${ROUNDS} times each at ${RATE} attempts/s:`);
  table([
    ['', 'p50', 'p95'],
    ...[...took].map(([name, all]) => [name, ...[0.5, 0.95].map((part) => Math.round(percentile(all, part)))]),
  ]);
}

/** Attempts as they happen, for a while. */
async function followed(tab, posthorn) {
  const { tables } = posthorn.database;
  const made = async () =>
    (
      await posthorn.database.query({
        text: `SELECT count(*)::int AS made FROM ${tables.delivery_attempt}
               WHERE tenant_id = '${BIG}' AND started_at > now() - interval '10 minutes' AND http_status = 200 AND url LIKE '%/ok'`,
      })
    )[0].made;
  await tab.reload();
  const counted = tab.getByText(/attempts since you came$/);
  await counted.waitFor();
  await tab.evaluate(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) =>
      globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({ type: 'longtask' });
  });
  const heapMb = () => tab.evaluate(() => (globalThis.gc(), performance.memory.usedJSHeapSize / 2 ** 20));
  const told = async () => Number(/[\d,]+/.exec(await counted.innerText())[0].replaceAll(',', ''));
  const [heapBefore, toldBefore, madeBefore] = [await heapMb(), await told(), await made()];
  const startedAt = performance.now();
  await delay(SECONDS * 1_000);
  const [toldAfter, madeAfter] = [await told(), await made()];
  const seconds = (performance.now() - startedAt) / 1_000;
  const tasks = await tab.evaluate(() => globalThis.longTasks);
  const heapAfter = await heapMb();
  const perSecond = (count) => Math.round(count / seconds);
  console.log(`\nAttempts followed for ${Math.round(seconds)} s:`);
  table([
    ['', 'value'],
    ['made, a second', perSecond(madeAfter - madeBefore)],
    ['told of, a second', perSecond(toldAfter - toldBefore)],
    ['told of, of those made', ((toldAfter - toldBefore) / (madeAfter - madeBefore)).toFixed(3)],
    ['long tasks (over 50 ms)', tasks.length],
    ['longest, ms', Math.round(Math.max(0, ...tasks))],
    ['all of them, of the time', (tasks.reduce((sum, ms) => sum + ms, 0) / seconds / 1_000).toFixed(3)],
    ['heap before, MB', heapBefore.toFixed(1)],
    ['heap after, MB', heapAfter.toFixed(1)],
  ]);
}
