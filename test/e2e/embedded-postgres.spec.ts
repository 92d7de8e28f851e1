// The embedded PostgreSQL: made, started, stopped and found again, wherever it is installed.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres/index.js';
import { eventually } from '../setup/eventually.js';
import { FAST, giveTo, makeClone, makeScene, Owner, postmasterOf, query } from './embedded-postgres.harness.js';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;

describe('the embedded PostgreSQL', () => {
  const scene = makeScene();
  const clone = path.join(scene.path, 'clone');
  const dataDir = path.join(scene.path, 'data');
  const own = (options: { dataDir?: string; flags?: string[] } = {}): Owner =>
    new Owner(clone, { dataDir, ...options });
  const stopped = (directory: string): Promise<boolean> =>
    eventually(() => postmasterOf(directory) === undefined, 'PostgreSQL stops properly');

  beforeAll(() => makeClone(clone));
  afterAll(() => scene.remove());

  it('starts in an empty directory, stops, and finds its data again', async () => {
    const first = await startEmbeddedPostgres({ dataDir, flags: FAST });
    expect(first.adopted).toBe(false);
    await query(first.connection, 'create table kept as select 42 as answer');
    await first.stop();
    await first.stop();
    expect(postmasterOf(dataDir)).toBeUndefined();
    expect(existsSync(path.join(dataDir, 'owner.json'))).toBe(false);

    const second = await startEmbeddedPostgres({ dataDir, flags: FAST });
    expect(await query(second.url, 'table kept')).toEqual([{ answer: 42 }]);
    expect(
      await query(
        second.url,
        `select current_setting('server_encoding') as encoding, datcollate from pg_database where datname = 'posthorn'`,
      ),
    ).toEqual([{ encoding: 'UTF8', datcollate: 'C' }]);
    await second.stop();
  });

  it('keeps its directory to itself, and its default settings durable and off the network', async () => {
    const owner = own({ flags: [] });
    const { url, clusterDir } = await owner.started();
    const settings = await query(
      url,
      `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses') order by name`,
    );
    expect(settings.map(({ name, setting }: Record<string, string>) => `${name}=${setting}`)).toEqual([
      'fsync=on',
      'full_page_writes=on',
      'listen_addresses=',
      'synchronous_commit=on',
    ]);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(clusterDir).mode & 0o777).toBe(0o700);
    await owner.stop();
  });

  it('refuses a cluster of another major version and says what to do', async () => {
    const file = path.join(dataDir, 'postgres', 'PG_VERSION');
    const version = readFileSync(file);
    writeFileSync(file, '15\n');
    const { code, message } = await own().refused();
    writeFileSync(file, version);
    expect(code).toBe('wrong_major_version');
    expect(message).toMatch(/made by PostgreSQL 15, and the embedded one is 18\. Dump it .* or set DATABASE_URL/);
  });

  it('shows the end of the log when PostgreSQL does not start', async () => {
    const { code, message } = await own({ flags: ['max_connections=none'] }).refused();
    expect(code).toBe('start_failed');
    expect(message).toMatch(/invalid value for parameter "max_connections"/);
    expect(existsSync(path.join(dataDir, 'owner.json'))).toBe(false);
  });

  it('says what to install when the binaries are missing', async () => {
    const bare = path.join(scene.path, 'bare');
    makeClone(bare, { binaries: false });
    const { code, message } = await new Owner(bare, { dataDir }).refused();
    expect(code).toBe('binaries_missing');
    expect(message).toMatch(/install without --omit=optional, or set DATABASE_URL/);
  });

  it('works where the path is too long for a socket', async () => {
    const deep = path.join(scene.path, 'deep'.repeat(20), 'deeper'.repeat(10));
    const owner = own({ dataDir: deep });
    const { connection, url } = await owner.started();
    expect(Buffer.byteLength(`${connection.host}/.s.PGSQL.5432`)).toBeLessThanOrEqual(103);
    expect(await query(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await owner.stop();
    const again = own({ dataDir: deep });
    expect((await again.started()).url).toBe(url);
    await again.stop();
    expect(lstatSync(connection.host, { throwIfNoEntry: false })).toBeUndefined();
  });

  itAsRoot('works for root from a clone and with data that only root can reach', async () => {
    const closed = path.join(scene.path, 'closed');
    const sharedDir = path.join(scene.path, 'shared');
    mkdirSync(closed, { mode: 0o700 });
    makeClone(path.join(closed, 'clone'));
    const options = { dataDir: path.join(closed, 'data'), sharedDir };
    const owner = new Owner(path.join(closed, 'clone'), options);
    const { url, clusterDir } = await owner.started();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(statSync(closed).mode & 0o777).toBe(0o700);
    expect(statSync(clusterDir).uid).not.toBe(0);
    expect(readdirSync(sharedDir)).toHaveLength(1);
    await owner.kill();
    await stopped(options.dataDir);
  });

  itAsRoot('works for an ordinary user in directories that only that user can reach', async () => {
    const home = path.join(scene.path, 'home');
    mkdirSync(home, { mode: 0o700 });
    makeClone(path.join(home, 'clone'));
    giveTo(NOBODY, home);
    const options = { dataDir: path.join(home, 'data') };
    const owner = new Owner(path.join(home, 'clone'), options, NOBODY);
    const { url, clusterDir } = await owner.started();
    expect(await query(url, 'show data_directory')).toEqual([{ data_directory: clusterDir }]);
    expect(statSync(clusterDir).uid).toBe(NOBODY);
    expect(readdirSync(options.dataDir).some((name) => name.startsWith('linux'))).toBe(false);
    await owner.kill();
    await stopped(options.dataDir);

    // What root uses once, and leaves by a crash, stays usable for the user it belongs to.
    rmSync(path.join(options.dataDir, 'postgres.log'));
    const root = new Owner(clone, options);
    await root.started();
    await root.kill();
    await stopped(options.dataDir);
    const again = new Owner(path.join(home, 'clone'), options, NOBODY);
    expect((await again.started()).adopted).toBe(false);
    await again.stop();
  });
});
