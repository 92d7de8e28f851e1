// Pictures of the dashboard for the documentation, each light and dark: a server of its own with a morning's deliveries, and
// a real browser. A page is one line below.
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
const { chromium } = await import('playwright-core');
const { startServer } = await import('../dist/server.js');

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
const dataDir = mkdtempSync(path.join(tmpdir(), 'posthorn-screenshots-'));
const receiver = createServer((request, response) => {
  const broken = request.url.startsWith('/crm');
  response.writeHead(broken ? 500 : 200, { 'Content-Type': 'application/json' });
  setTimeout(() => response.end(broken ? '{"error":"no room left on device"}' : '{"ok":true}'), 20);
}).listen(0, '127.0.0.1');
const server = await startServer({
  DATA_DIR: dataDir,
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
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
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
  await api('POST', 'webhooks', { url: at('erp'), events: ['order.*'], description: 'The shop’s ERP' });
  await api('POST', 'webhooks', { url: at('crm'), events: ['*'], description: 'Customers' });
  const filter = { data: { total: { $gte: 100 } } };
  const webhook = await api('POST', 'webhooks', { url: at('bonus'), events: ['order.completed'], filter });
  const types = ['order.completed', 'order.completed', 'order.shipped', 'invoice.paid'];
  const events = Array.from({ length: 120 }, (_, n) => ({
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
  await until(async () => (await api('GET', 'stats')).totals.attempts > 300);
  return { failed, webhook: webhook.id };
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
