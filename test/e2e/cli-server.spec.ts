// The commands about a server: on its machine by its environment (start, migrate, doctor), and of one that runs (keys, replay).
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { cloneDatabase, urlOf } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { startConnectProxy } from '../setup/proxies.js';
import { call, ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { ADMIN_KEY } from '../setup/server.js';
import { runCommand } from './cli.harness.js';
import { DeliveryScene } from './delivery.harness.js';

const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

/** A database without any table of ours. */
async function emptyDatabase(more = ''): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client(urlOf('postgres'));
  await client.connect();
  await client.query(`create database ${name} ${more}`);
  await client.end();
  return urlOf(name);
}

async function countOf(url: string, table: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return Number((await client.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]?.count);
  } finally {
    await client.end();
  }
}

describe('posthorn start', () => {
  beforeAll(() => ensureBuiltOnce());

  it('starts the server that the environment asks for, and ends when it is asked to', async () => {
    const server = new ServerProcess(
      { DATABASE_URL: (await cloneDatabase()).url, ENCRYPTION_KEY, ADMIN_API_KEY: ADMIN_KEY },
      { program: path.resolve('dist/cli/main.js'), args: ['start'] },
    );
    expect((await call(await server.url(), ADMIN_KEY, 'GET', '/api/webhooks')).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('takes no arguments', async () => {
    expect(await runCommand(['start', 'now'])).toMatchObject({ code: 2 });
  });
});

describe('posthorn migrate', () => {
  it('says what is missing without making it, makes it once, and then finds nothing missing', async () => {
    const env = { DATABASE_URL: await emptyDatabase() };
    const missing = await runCommand(['migrate', '--check'], env);
    expect(missing).toMatchObject({ code: 1, err: [expect.stringMatching(/^\d+ migrations are missing\.$/)] });
    await expect(countOf(env.DATABASE_URL, 'posthorn.migration')).rejects.toThrow('does not exist');

    const made = await runCommand(['migrate'], env);
    expect(made).toEqual({ code: 0, out: missing.out, err: [`${missing.out.length} migrations were run.`] });
    expect(await countOf(env.DATABASE_URL, 'posthorn.webhook')).toBe(0);
    const queues = `information_schema.tables where table_schema = 'posthorn_queue'`;
    expect(await countOf(env.DATABASE_URL, queues)).toBeGreaterThan(0);
    expect(await runCommand(['migrate', '--check'], env)).toEqual({ code: 0, out: [], err: ['Nothing is missing.'] });
    expect(await runCommand(['migrate'], env)).toEqual({ code: 0, out: [], err: ['Nothing was missing.'] });
  });

  it('says what it cannot do', async () => {
    expect(await runCommand(['migrate'])).toMatchObject({ code: 2, err: [expect.stringContaining('DATABASE_URL')] });
    const away = { DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/x` };
    for (const args of [['migrate'], ['migrate', '--check']])
      expect(await runCommand(args, away)).toMatchObject({
        code: 1,
        err: [expect.stringContaining('cannot be migrated')],
      });
  });
});

describe('posthorn doctor', () => {
  const healthy = async () => ({ DATABASE_URL: (await cloneDatabase()).url, ENCRYPTION_KEY, ADMIN_API_KEY: ADMIN_KEY });
  const marked = (out: readonly string[], mark: string): string[] =>
    out.filter((line) => line.startsWith(mark)).map((line) => line.slice(8).trim().split(' ')[0] ?? '');

  it('finds nothing broken where nothing is, and changes nothing', async () => {
    const env = await healthy();
    const { code, out, err } = await runCommand(['doctor'], env);
    expect({ code, err, broken: marked(out, 'BROKEN') }).toEqual({ code: 0, err: ['Nothing is broken.'], broken: [] });
    expect(marked(out, 'ok')).toEqual(
      expect.arrayContaining([
        'settings',
        'database',
        'encoding',
        'rights',
        'sessions',
        'migrations',
        'clock',
        'queue',
        'disk',
        'egress',
      ]),
    );
    const empty = await emptyDatabase();
    const { out: told } = await runCommand(['doctor'], { ...env, DATABASE_URL: empty });
    expect(marked(told, 'look')).toContain('migrations');
    await expect(countOf(empty, 'posthorn.migration')).rejects.toThrow('does not exist');
  });

  it('says of a setting what is wrong with it, and looks no further', async () => {
    const { code, out } = await runCommand(['doctor'], { ...(await healthy()), PORT: 'seven' });
    expect({ code, out }).toEqual({ code: 1, out: [expect.stringMatching(/^BROKEN {2}settings +PORT must be/)] });
  });

  it.each<[string, () => Promise<Record<string, string>>, string, RegExp]>([
    [
      'a PostgreSQL that is not there',
      async () => ({ DATABASE_URL: `postgres://x@127.0.0.1:${await freePort()}/x` }),
      'database',
      /Check DATABASE_URL/,
    ],
    [
      'another encoding',
      async () => ({ DATABASE_URL: await emptyDatabase(`encoding 'LATIN1' locale 'C' template template0`) }),
      'encoding',
      /LATIN1.*ENCODING 'UTF8'/,
    ],
    [
      'a login that may make nothing',
      async () => {
        const [url, login] = [new URL(await emptyDatabase()), `login_${randomUUID().slice(0, 8)}`];
        const client = new pg.Client(urlOf('postgres'));
        await client.connect();
        await client.query(`create role ${login} login`);
        await client.end();
        url.username = login;
        return { DATABASE_URL: url.href };
      },
      'rights',
      /GRANT CREATE ON DATABASE/,
    ],
    [
      'more connections than PostgreSQL takes',
      () => Promise.resolve({ DATABASE_POOL: '500' }),
      'connections',
      /lower DATABASE_POOL/,
    ],
    [
      'a Redis that is not there',
      async () => ({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` }),
      'queue',
      /Check REDIS_URL/,
    ],
    [
      'a proxy that is not there',
      async () => ({ EGRESS_PROXY: `http://127.0.0.1:${await freePort()}` }),
      'proxy',
      /Check EGRESS_PROXY/,
    ],
  ])('finds %s broken, and says what to do', async (_, wrong, what, remedy) => {
    const { code, out, err } = await runCommand(['doctor'], { ...(await healthy()), ...(await wrong()) });
    expect({ code, err }).toEqual({ code: 1, err: ['Something is broken: see above.'] });
    expect(out.find((line) => line.startsWith('BROKEN') && line.slice(8).startsWith(what))).toMatch(remedy);
  });

  it('tries one URL: by the policy, and by connecting to it, through the proxy where there is one', async () => {
    const proxy = await startConnectProxy();
    const env = { ...(await healthy()), ALLOW_NETWORKS: '127.0.0.0/8', ALLOW_HTTP: 'true' };
    const tried = async (to: string, more: object = {}) => {
      const { code, out } = await runCommand(['doctor', '--to', to], { ...env, ...more });
      return { code, said: out.at(-1) };
    };
    const there = `http://127.0.0.1:${proxy.port}/`;
    expect(await tried(there)).toEqual({ code: 0, said: expect.stringContaining('connections to it are made') });
    expect(proxy.asked).toEqual([]);
    const proxied = { EGRESS_PROXY: `http://127.0.0.1:${proxy.port}` };
    expect(await tried(there, proxied)).toMatchObject({ code: 0 });
    expect(proxy.asked).toEqual([`127.0.0.1:${proxy.port}`]);
    proxy.close();
    expect(await tried(`http://127.0.0.1:${await freePort()}/`)).toEqual({
      code: 1,
      said: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await tried('http://10.0.0.1/')).toEqual({ code: 1, said: expect.stringContaining('URL not allowed') });
    expect(await runCommand(['doctor', '--to', 'shop'], env)).toMatchObject({ code: 2 });
  });
});

describe('of a server that runs', () => {
  let scene: DeliveryScene;
  let server: string;
  beforeAll(async () => {
    scene = await DeliveryScene.open({ retrySchedule: [] });
    server = scene.server.url;
  });
  afterAll(() => scene?.close());

  const command = (...args: string[]) =>
    runCommand([...args, '--server', server], { ADMIN_API_KEY: ADMIN_KEY, POSTHORN_API_KEY: ADMIN_KEY });

  it('posthorn keys makes a key that works, lists it without showing it, and revokes it', async () => {
    const made = await command('keys', 'create', '--name', 'shop', '--scopes', 'events:write, webhooks:read');
    expect(made).toMatchObject({ code: 0, out: [expect.stringMatching(/^ph_\w{49}$/)] });
    const [key = ''] = made.out;
    const id = /^Key (\S+) \(shop\) may events:write, webhooks:read\./.exec(made.err[0] ?? '')?.[1] ?? '';
    const ask = async () => (await scene.server.api('GET', '/api/webhooks', undefined, { key })).status;
    expect(await ask()).toBe(200);
    const listed = await command('keys', 'list');
    expect(listed.out.filter((line) => line.startsWith(id))).toEqual([
      expect.stringMatching(`^${id}\t${key.slice(0, 11)}…\tshop\tevents:write,webhooks:read\texpires never\t`),
    ]);
    expect(listed.out.join()).not.toContain(key);
    expect(await command('keys', 'revoke', id)).toMatchObject({ code: 0, err: [expect.stringContaining('revoked')] });
    expect(await ask()).toBe(401);
    expect(await command('keys', 'revoke', id)).toMatchObject({ code: 1, err: [expect.stringContaining('404')] });
  });

  it('posthorn keys says what is missing, and what the server has against it', async () => {
    for (const args of [[], ['drop'], ['create', '--name', 'x'], ['revoke']])
      expect(await command('keys', ...args)).toMatchObject({ code: 2 });
    expect(await runCommand(['keys', 'list'])).toMatchObject({
      code: 2,
      err: [expect.stringContaining('ADMIN_API_KEY')],
    });
    const wrong = await command('keys', 'create', '--name', 'x', '--scopes', 'everything');
    expect(wrong).toMatchObject({ code: 1, out: [], err: [expect.stringContaining('400')] });
  });

  it('posthorn replay counts without sending, then has them sent again and says when that is done', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 3; n += 1) await scene.settled(await target.send({ n }));
    receiver.always(200);
    const sent = receiver.received.length;
    const replay = (...args: string[]) => command('replay', target.webhookId, ...args);
    expect(await replay('--since', '1h', '--dry-run')).toMatchObject({ code: 0, out: ['3 deliveries would be made.'] });
    expect(await replay('--since', '1h', '--status', 'success', '--dry-run')).toMatchObject({
      out: ['0 deliveries would be made.'],
    });
    expect(receiver.received).toHaveLength(sent);
    const done = await replay('--since', '2020-01-01T00:00:00Z', '--status', 'failed, skipped');
    expect(done).toMatchObject({ code: 0, out: [expect.stringMatching(/^Replay \S+ made 3 deliveries\.$/)] });
    await eventually(() => receiver.received.length === sent + 3, 'all three are sent again');
    expect(await replay('--since', 'yesterday')).toMatchObject({ code: 2 });
    expect(await replay()).toMatchObject({ code: 2, err: ['--since TIME is missing.'] });
    expect(await command('replay', randomUUID(), '--since', '1h')).toMatchObject({
      code: 1,
      err: [expect.stringContaining('404')],
    });
  });
});
