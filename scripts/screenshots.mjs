// Pictures of the dashboard for the documentation, each light and dark: a server of its own with a morning's deliveries, and
// a real browser. A page is one line below.
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
const { chromium } = await import('playwright-core');
const { startServer } = await import('../dist/server.js');
const { startTestCluster } = await import('../dist/testing/postgres/test-cluster.js');

/** Name, place, and what is seen once it is there. A place may ask for what was made. */
const PICTURES = [
  ['overview', () => 'overview?range=15m', (page) => page.getByRole('img', { name: /^Attempts over time/ })],
  ['deliveries', () => 'deliveries', (page) => page.getByRole('table')],
  ['delivery', ({ failed }) => `deliveries/${failed}`, (page) => page.getByText('Why', { exact: true })],
  ['webhooks', () => 'webhooks', (page) => page.getByRole('img', { name: /attempts/ }).first()],
  ['event-types', () => 'event-types', (page) => page.getByRole('table')],
  ['received', () => 'received', (page) => page.getByRole('table')],
  ['settings', () => 'settings', (page) => page.getByRole('heading', { name: 'API keys' })],
  ['webhook', ({ webhook }) => `webhooks/${webhook}`, (page) => page.getByRole('tab', { name: 'Python' })],
];

const KEY = 'the-key-of-the-screenshots';
const SOURCE_SECRET = 'what github signs with';
const FOLDER = path.join(root, 'docs', 'dashboard');
/** What the statistics tell of the minutes before, as if it had gone on like this. */
const MINUTES = 14;
const PER_MINUTE = { erp: 340, crm: 12, bonus: 64 };

const cluster = await startTestCluster(mkdtempSync(path.join(tmpdir(), 'posthorn-screenshots-')));
const receiver = createServer((request, response) => {
  const broken = request.url.startsWith('/crm');
  response.writeHead(broken ? 500 : 200, { 'Content-Type': 'application/json' });
  setTimeout(() => response.end(broken ? '{"error":"no room left on device"}' : '{"ok":true}'), 20);
}).listen(0, '127.0.0.1');
const server = await startServer({
  DATABASE_URL: cluster.url,
  ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  PORT: '0',
  ADMIN_API_KEY: KEY,
  ALLOW_HTTP: 'true',
  ALLOW_NETWORKS: '127.0.0.0/8',
  RETRY_SCHEDULE: '100ms,200ms',
  // The one that only fails is to be seen failing, not pausing.
  CIRCUIT_AFTER: '0',
  SHUTDOWN_TIMEOUT: '2s',
  LOG_LEVEL: 'error',
});
try {
  await take(await fill());
} finally {
  await server.stop();
  receiver.closeAllConnections();
  receiver.close();
  await cluster.stop();
}

async function api(method, place, body) {
  const response = await fetch(`${server.url}/api/${place}`, {
    method,
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${place}: ${JSON.stringify(answer)}`);
  return answer;
}

async function fill() {
  const at = (name) => `http://127.0.0.1:${receiver.address().port}/${name}`;
  const erp = await api('POST', 'webhooks', { url: at('erp'), events: ['order.*'], description: 'The shop’s ERP' });
  const crm = await api('POST', 'webhooks', { url: at('crm'), events: ['*'], description: 'Customers' });
  const filter = { data: { total: { $gte: 100 } } };
  const webhook = await api('POST', 'webhooks', { url: at('bonus'), events: ['order.completed'], filter });
  const types = ['order.completed', 'order.completed', 'order.shipped', 'invoice.paid'];
  await countBefore({ erp: erp.id, crm: crm.id, bonus: webhook.id });
  const events = Array.from({ length: 40 }, (_, n) => ({
    event: types[n % types.length],
    data: { orderId: `${1042 + n}`, total: (n * 7) % 200, customer: { country: 'CH' } },
  }));
  await api('POST', 'events/batch', { events });
  const schema = { type: 'object', properties: { orderId: { type: 'string' } }, required: ['orderId'] };
  for (const [name, description, more] of [
    ['order.completed', 'An order was paid and leaves the warehouse.', { schema, example: { orderId: '1042' } }],
    ['order.shipped', 'The parcel is on its way.', {}],
    ['invoice.paid', 'Replaced by order.completed.', { deprecated: true }],
  ])
    await api('POST', 'event-types', { name, description, ...more });
  await api('POST', 'sources', { name: 'github', provider: 'github', secrets: [SOURCE_SECRET] });
  for (const [n, type] of ['push', 'issues', 'pull_request', 'push', 'release'].entries()) await receive(n, type);
  const failed = await until(
    async () => (await api('GET', 'deliveries?status=failed&event=order.completed')).data[0]?.id,
  );
  const before = MINUTES * Object.values(PER_MINUTE).reduce((sum, count) => sum + count);
  await until(async () => (await api('GET', 'stats')).totals.attempts > before * 0.9 + 100);
  return { failed, webhook: webhook.id };
}

/** Counts attempts of the minutes before; the customers' receiver began to fail four minutes ago. */
async function countBefore(webhooks) {
  const client = new pg.Client(cluster.url);
  await client.connect();
  for (const [name, perMinute] of Object.entries(PER_MINUTE))
    await client.query(
      `INSERT INTO posthorn.attempt_count (at, tenant_id, webhook_id, event_type, outcome, latency, attempts)
       SELECT date_trunc('minute', now()) - minute * interval '1 minute', 'default', $1, 'order.completed',
              CASE WHEN $2 = 'crm' AND minute <= 4 THEN 'server_error' ELSE 'success' END, latency,
              greatest(1, round($3 * share * (1 + 0.15 * sin(minute)))::int)
       FROM generate_series(1, $4::int) AS minute, (VALUES (5, 0.25), (6, 0.5), (7, 0.2), (9, 0.05)) AS spread (latency, share)`,
      [webhooks[name], name, perMinute, MINUTES],
    );
  await client.end();
}

/** Signed as GitHub does. */
async function receive(n, type) {
  const body = JSON.stringify(type === 'push' ? { ref: 'refs/heads/main' } : { action: 'opened', number: n });
  await fetch(`${server.url}/webhooks/github`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-GitHub-Event': type,
      'X-GitHub-Delivery': `72d3162e-cc78-11e3-81ab-4c9367dc095${n}`,
      'X-Hub-Signature-256': `sha256=${createHmac('sha256', SOURCE_SECRET).update(body).digest('hex')}`,
    },
    body,
  });
}

async function until(question) {
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    await delay(200);
  }
}

async function take(made) {
  mkdirSync(FOLDER, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width: 1080, height: 660 },
      timezoneId: 'UTC',
    });
    const page = await context.newPage();
    await page.goto(`${server.url}/dashboard/`);
    await page.getByLabel('API key').fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    for (const [name, place, seen] of PICTURES) {
      await page.goto(`${server.url}/dashboard/#/${place(made)}`);
      await seen(page).waitFor();
      await page.screenshot({ path: path.join(FOLDER, `${name}-${colorScheme}.png`), animations: 'disabled' });
    }
    await context.close();
  }
  await browser.close();
}
