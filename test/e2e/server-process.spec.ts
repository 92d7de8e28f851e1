// The server as a process: what it prints, when it refuses to start, how it stops, and what is left when it is killed.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { call, ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';

const KEY = 'admin-key-of-this-test';
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

let scene: string;
let dataDir: string;
let receiver: TestReceiver;
const servers: ServerProcess[] = [];

beforeAll(async () => {
  await ensureBuiltOnce();
  receiver = await TestReceiver.start();
});
afterAll(() => receiver?.close());
beforeEach(() => {
  scene = mkdtempSync(path.join(tmpdir(), 'posthorn-server-'));
  // Passable: PostgreSQL, which is not started as root, has to get through.
  chmodSync(scene, 0o711);
  dataDir = path.join(scene, 'data');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  await eventually(() => postmaster() === undefined, 'no PostgreSQL is left');
  rmSync(scene, { recursive: true, force: true, maxRetries: 5 });
});

function start(env: Record<string, string> = {}, preload: readonly string[] = []): ServerProcess {
  const server = new ServerProcess(
    { DATA_DIR: dataDir, ALLOW_HTTP: 'true', ALLOW_NETWORKS: '127.0.0.0/8', ...env },
    { preload },
  );
  servers.push(server);
  return server;
}

/** The process of the embedded PostgreSQL, while it runs. */
function postmaster(): number | undefined {
  const file = path.join(dataDir, 'postgres', 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

/** Whatever runs on this machine and names the directory of this test. */
const leftovers = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const inIt = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(scene);
        return inIt ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
      } catch {
        return [];
      }
    });

describe('the first start', () => {
  it('prints where it listens and the admin key, once; later ones find everything as it was and print no key', async () => {
    // What is empty is absent.
    const first = start({ DATABASE_URL: '', REDIS_URL: '', ADMIN_API_KEY: '', ENCRYPTION_KEY: '', LOG_LEVEL: '' });
    const url = await first.url();
    const key = first.printedKey!;
    expect(key).toMatch(/^phk_[A-Za-z0-9_-]{32}$/);
    expect(first.output.split(key)).toHaveLength(2);
    for (const target of ['/docs', '/health/live', '/health/ready', '/docs-json'])
      expect({ target, status: (await fetch(url + target)).status }).toEqual({ target, status: 200 });
    const webhook = await call<{ id: string; secret: string }>(url, key, 'POST', '/api/webhooks', {
      url: receiver.url,
      events: ['order.*'],
    });
    const event = await call<{ id: string }>(url, key, 'POST', '/api/events', { event: 'order.paid', data: { n: 1 } });
    await receiver.next();
    expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });

    const second = start();
    const again = await second.url();
    expect(second.printedKey).toBeUndefined();
    expect(second.output).not.toContain(key);
    const { body } = await call<{ deliveries: { status: string }[] }>(
      again,
      key,
      'GET',
      `/api/events/${event.body.id}`,
    );
    expect(body.deliveries).toMatchObject([{ status: 'success' }]);
    const found = await call(again, key, 'GET', `/api/webhooks/${webhook.body.id}`);
    expect(found).toMatchObject({ status: 200, body: { url: receiver.url, active: true } });
    await call(again, key, 'POST', '/api/events', { event: 'order.shipped', data: {} });
    // Signed with the secret of the first start: the encryption key is the same.
    const request = await receiver.next();
    expect(request.headers['webhook-signature']).toMatch(/^v1,/);

    const secretBytes = webhook.body.secret.slice('whsec_'.length);
    for (const name of ['admin.key', 'encryption.key'])
      expect({ name, mode: statSync(path.join(dataDir, name)).mode & 0o777 }).toEqual({ name, mode: 0o600 });
    const encryptionKey = readFileSync(path.join(dataDir, 'encryption.key'), 'utf8').trim();
    for (const { output } of [first, second])
      for (const secret of ['whsec_', secretBytes, encryptionKey]) expect(output).not.toContain(secret);
  });

  it('prints no secret at the most talkative level either', async () => {
    const server = start({
      LOG_LEVEL: 'verbose',
      ADMIN_API_KEY: KEY,
      ENCRYPTION_KEY,
      STRIPE_WEBHOOK_SECRET: 'whsec_stripe',
    });
    const url = await server.url();
    const { body } = await call<{ secret: string }>(url, KEY, 'POST', '/api/webhooks', {
      url: receiver.url,
      events: ['*'],
    });
    await call(url, KEY, 'POST', '/api/events', { event: 'a', data: {} });
    await receiver.next();
    await call(url, `${KEY}x`, 'GET', '/api/webhooks');
    await server.stop();
    for (const secret of [KEY, ENCRYPTION_KEY, 'whsec_', body.secret.slice(6)])
      expect(server.output).not.toContain(secret);
  });
});

describe('a second start on the same data directory', () => {
  it('is refused with a sentence, and the first goes on', async () => {
    const first = start({ ADMIN_API_KEY: KEY });
    const url = await first.url();
    const second = start({ ADMIN_API_KEY: KEY });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(dataDir);
    expect(second.output).toMatch(/^Posthorn cannot start\. .+\.\n$/);
    expect(second.output).not.toMatch(/^ +at /m);
    expect((await call(url, KEY, 'GET', '/api/webhooks')).status).toBe(200);
  });
});

describe('stopping', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('on %s ends with 0 and leaves nothing running', async (name) => {
    const server = start();
    await server.url();
    const pid = postmaster();
    expect(pid).toBeGreaterThan(0);
    expect(await server.stop(name)).toEqual({ code: 0, signal: null });
    expect(postmaster()).toBeUndefined();
    expect(existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
    await eventually(() => leftovers().length === 0, 'nothing is left running');
  });

  it('asked for many times, as npm and a terminal together do, is still one clean stop', async () => {
    const server = start();
    await server.url();
    for (const name of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGINT'] as const) server.signal(name);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.output.match(/draining/g)).toHaveLength(1);
    expect(postmaster()).toBeUndefined();
  });

  it('asked for while it starts, is one in order as soon as it has started', async () => {
    const engine = pathToFileURL(path.resolve('dist/delivery/delivery-engine.js')).href;
    const askedWhileStarting = `
      import { DeliveryEngine } from '${engine}';
      const { start } = DeliveryEngine.prototype;
      DeliveryEngine.prototype.start = function () {
        process.kill(process.pid, 'SIGTERM');
        start.call(this);
      };`;
    const server = start({}, [`data:text/javascript,${encodeURIComponent(askedWhileStarting)}`]);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.output).toContain('draining');
    expect(postmaster()).toBeUndefined();
  });

  it('waits for requests in flight and writes what came of them', async () => {
    let answer: (() => void) | undefined;
    const slow = await TestReceiver.start((_, response) => {
      answer = () => void response.writeHead(200).end();
    });
    const server = start({ ADMIN_API_KEY: KEY });
    const url = await server.url();
    await call(url, KEY, 'POST', '/api/webhooks', { url: slow.url, events: ['*'] });
    const { body } = await call<{ id: string }>(url, KEY, 'POST', '/api/events', { event: 'a', data: {} });
    await slow.next();
    server.signal('SIGTERM');
    await eventually(() => server.output.includes('draining'), 'it begins to stop');
    answer?.();
    expect(await server.ended).toEqual({ code: 0, signal: null });
    const again = await start({ ADMIN_API_KEY: KEY }).url();
    const event = await call(again, KEY, 'GET', `/api/events/${body.id}`);
    expect(event.body).toMatchObject({ deliveries: [{ status: 'success', attemptCount: 1 }] });
    expect(slow.received).toHaveLength(1);
    await slow.close();
  });
});

describe('after a kill -9', () => {
  it.each([
    ['of the process alone', false],
    ['of its whole process group', true],
  ])('%s PostgreSQL stops by itself, and the next start finds everything', async (_, group) => {
    const first = start({ ADMIN_API_KEY: KEY });
    const url = await first.url();
    const { body } = await call<{ id: string }>(url, KEY, 'POST', '/api/webhooks', {
      url: receiver.url,
      events: ['*'],
    });
    await first.kill({ group });
    await eventually(() => postmaster() === undefined, 'PostgreSQL is gone');
    const again = await start({ ADMIN_API_KEY: KEY }).url();
    expect((await call(again, KEY, 'GET', `/api/webhooks/${body.id}`)).status).toBe(200);
    await call(again, KEY, 'POST', '/api/events', { event: 'after.kill', data: {} });
    expect((await receiver.next()).headers['x-webhook-event']).toBe('after.kill');
  });

  it('a start at once, while PostgreSQL is still stopping, succeeds', async () => {
    const first = start({ ADMIN_API_KEY: KEY });
    await first.url();
    await first.kill();
    const again = await start({ ADMIN_API_KEY: KEY }).url();
    expect((await call(again, KEY, 'GET', '/api/webhooks')).status).toBe(200);
  });
});

describe('wrong settings', () => {
  const cases: [string, Record<string, string>, string[]][] = [
    ['a port that is none', { PORT: 'http' }, ['PORT']],
    [
      'several at once',
      { PORT: '70000', LOG_LEVEL: 'loud', DELIVERY_TIMEOUT: 'soon' },
      ['PORT', 'LOG_LEVEL', 'DELIVERY_TIMEOUT'],
    ],
    ['a worker without a database', { ROLE: 'worker' }, ['ROLE', 'DATABASE_URL']],
    ['an API without a database', { ROLE: 'api' }, ['ROLE', 'DATABASE_URL']],
    [
      'a database without an encryption key',
      { DATABASE_URL: 'postgres://u:pa55word@127.0.0.1:1/x' },
      ['ENCRYPTION_KEY', 'DATABASE_URL'],
    ],
    ['a key that is too short', { ADMIN_API_KEY: 'hunter2' }, ['ADMIN_API_KEY']],
    ['an encryption key of another length', { ENCRYPTION_KEY: 'c2hvcnQ=' }, ['ENCRYPTION_KEY']],
    [
      'a retention shorter than the schedule',
      { RETENTION: '1d', RETRY_SCHEDULE: '1d,1d' },
      ['RETENTION', 'RETRY_SCHEDULE'],
    ],
  ];

  it.each(cases)('(%s) end with 1 and one sentence that names them', async (_, env, names) => {
    const server = start(env);
    expect(await server.ended).toEqual({ code: 1, signal: null });
    for (const name of names) expect(server.output).toContain(name);
    expect(server.output).toMatch(/^Posthorn cannot start\. /);
    expect(server.output).not.toMatch(/^ +at /m);
    for (const value of ['pa55word', 'hunter2', 'c2hvcnQ=']) expect(server.output).not.toContain(value);
  });

  it('make no data directory', async () => {
    await start({ PORT: 'http' }).ended;
    expect(existsSync(dataDir)).toBe(false);
  });
});
