// Whose the embedded PostgreSQL is: one process at a time owns it, and whoever comes after a crash takes it over.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres/index.js';
import { eventually } from '../setup/eventually.js';
import {
  FAST,
  makeClone,
  makeScene,
  Owner,
  postmasterOf,
  query,
  signal,
  watchdogOf,
} from './embedded-postgres.harness.js';

const isRoot = process.getuid?.() === 0;

describe('the embedded PostgreSQL', () => {
  const scene = makeScene();
  const clone = path.join(scene.path, 'clone');
  const dataDir = path.join(scene.path, 'data');
  const own = (options: { dataDir?: string; flags?: string[] } = {}): Owner =>
    new Owner(clone, { dataDir, ...options });
  const stopped = (directory: string): Promise<boolean> =>
    eventually(() => postmasterOf(directory) === undefined, 'PostgreSQL stops properly');

  beforeAll(async () => {
    makeClone(clone);
    const first = own();
    const { url } = await first.started();
    await query(url, 'create table kept as select 42 as answer');
    await first.stop();
  });
  afterAll(() => scene.remove());

  it('refuses a directory that a living process owns, and names it', async () => {
    const owner = own();
    await owner.started();
    const sentence = `The data directory ${dataDir} is in use by process ${owner.pid}. Stop that one first, or set DATA_DIR to another directory.`;
    expect(await own().refused()).toEqual({ code: 'data_dir_in_use', message: sentence });
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: 'data_dir_in_use',
      message: sentence,
    });
    await owner.stop();

    const here = await startEmbeddedPostgres({ dataDir, flags: FAST });
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/in use by this process already/);
    await here.stop();
  });

  it('is stopped by its watchdog when its owner is killed', async () => {
    const owner = own();
    await owner.started();
    await owner.kill();
    await stopped(dataDir);

    const next = own();
    const { adopted, url } = await next.started();
    expect(adopted).toBe(false);
    expect(await query(url, 'table kept')).toEqual([{ answer: 42 }]);
    await next.stop();
  });

  it('is stopped when the whole process group of its owner is killed', async () => {
    const owner = own();
    await owner.started();
    process.kill(-owner.pid, 'SIGKILL');
    await owner.exited;
    await stopped(dataDir);
  });

  it('is not there to adopt for whoever comes while the watchdog is at work', async () => {
    for (let round = 0; round < 3; round += 1) {
      const owner = own();
      await owner.started();
      await owner.kill();
      const here = await startEmbeddedPostgres({ dataDir, flags: FAST });
      expect(here.adopted).toBe(false);
      expect(await query(here.url, 'table kept')).toEqual([{ answer: 42 }]);
      await here.stop();
    }
  });

  it('is adopted when owner and watchdog were killed, and stops with its new owner', async () => {
    const owner = own();
    const { url } = await owner.started();
    const before = postmasterOf(dataDir);
    signal(watchdogOf(dataDir), 'SIGKILL');
    await owner.kill();

    const heir = own();
    expect((await heir.started()).adopted).toBe(true);
    expect(postmasterOf(dataDir)).toBe(before);
    expect(await query(url, 'table kept')).toEqual([{ answer: 42 }]);
    await heir.kill();
    await stopped(dataDir);

    const orphaned = own();
    await orphaned.started();
    signal(watchdogOf(dataDir), 'SIGKILL');
    await orphaned.kill();
    const here = await startEmbeddedPostgres({ dataDir });
    expect(here.adopted).toBe(true);
    await here.stop();
    expect(postmasterOf(dataDir)).toBeUndefined();
  });

  it('tells its owner when it ends by itself, started or adopted', async () => {
    const owner = own();
    await owner.started();
    signal(postmasterOf(dataDir)!, 'SIGQUIT');
    await eventually(() => owner.lines.some(({ lost }) => lost === 'ended'), 'the owner is told');
    await owner.stop();

    const orphaned = own();
    await orphaned.started();
    signal(watchdogOf(dataDir), 'SIGKILL');
    await orphaned.kill();
    const heir = own();
    expect((await heir.started()).adopted).toBe(true);
    signal(postmasterOf(dataDir)!, 'SIGQUIT');
    await eventually(() => heir.lines.some(({ lost }) => lost === 'ended'), 'the heir is told');
    await heir.stop();
  });

  it('recovers what was committed when PostgreSQL itself was killed', async () => {
    const owner = own();
    const { url } = await owner.started();
    await query(url, 'insert into kept values (43)');
    signal(postmasterOf(dataDir)!, 'SIGKILL');
    await eventually(() => owner.lines.some(({ lost }) => lost === 'ended'), 'the owner is told');
    await owner.kill();
    const next = own();
    expect(await query((await next.started()).url, 'table kept')).toEqual([{ answer: 42 }, { answer: 43 }]);
    await next.stop();
  });

  it('starts over a pid file whose pid now belongs to a stranger, and leaves the stranger alone', async () => {
    const owner = own();
    await owner.started();
    const cluster = path.join(dataDir, 'postgres');
    const pidFile = readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8');
    await owner.stop();

    const { uid, gid } = statSync(cluster);
    const stranger = spawn('sleep', ['60'], { uid, gid, stdio: 'ignore' });
    const stale = pidFile.replace(/^\d+/, String(stranger.pid));
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      writeFileSync(path.join(cluster, name), stale, { mode: 0o600 });
      if (isRoot) chownSync(path.join(cluster, name), uid, gid);
    }
    const next = own();
    expect((await next.started()).adopted).toBe(false);
    expect(postmasterOf(dataDir)).not.toBe(stranger.pid);
    expect(signal(stranger.pid!, 0)).toBe(true);
    stranger.kill();
    await next.stop();
  });

  it('lets exactly one of many processes have a directory whose owner died', async () => {
    const owner = own();
    await owner.started();
    await owner.kill();
    await stopped(dataDir);
    const rivals = Array.from({ length: 5 }, () => own());
    const outcomes = await Promise.all(rivals.map((rival) => rival.outcome()));
    expect(outcomes.filter((outcome) => outcome === 'started')).toHaveLength(1);
    for (const [index, rival] of rivals.entries()) {
      if (outcomes[index] === 'refused') expect((await rival.refused()).code).toBe('data_dir_in_use');
      else await rival.stop();
    }
    expect(readdirSync(dataDir).filter((name) => name.includes('owner'))).toEqual([]);
  });

  it('lets exactly one of two simultaneous first starts make the cluster', async () => {
    const fresh = path.join(scene.path, 'fresh');
    const rivals = [own({ dataDir: fresh }), own({ dataDir: fresh })];
    const outcomes = await Promise.all(rivals.map((rival) => rival.outcome()));
    expect([...outcomes].sort()).toEqual(['refused', 'started']);
    await rivals[outcomes.indexOf('started')]?.stop();
    expect(readdirSync(fresh).sort()).toEqual(['postgres', 'postgres.log']);
  });
});
