// One PostgreSQL for a run of the tests: the embedded one, in memory where there is room, or the one that
// TEST_DATABASE_URL names (its user must be allowed to create databases).
import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres/index.js';
import { freePort } from './free-port.js';
import { prepareTemplate } from './template.js';

/** Room for the cluster and some dozens of cloned databases. */
const ROOM_BYTES = 1_000_000_000;
const PREFIX = 'posthorn-test-';

/** What a crash could spoil is thrown away after the run anyway. */
const TEST_FLAGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'io_method=sync',
  'max_connections=300',
];

/** Starts it, sets TEST_DATABASE_URL (workers inherit it) and gives back what ends it. */
export async function startTestDatabase(): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    await prepareTemplate(given);
    return () => Promise.resolve();
  }
  const parent = roomiest();
  removeLeftovers(parent);
  const dataDir = mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`));
  const remove = (): void => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  try {
    const port = await freePort();
    const postgres = await startEmbeddedPostgres({
      dataDir,
      flags: [...TEST_FLAGS, 'listen_addresses=127.0.0.1', `port=${port}`],
    });
    const url = `postgres://${postgres.connection.user}@127.0.0.1:${port}/postgres`;
    await prepareTemplate(url);
    process.env.TEST_DATABASE_URL = url;
    return async () => {
      delete process.env.TEST_DATABASE_URL;
      await postgres.stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** /dev/shm is memory: a clone takes a tenth of the time it takes on disk. */
function roomiest(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize >= ROOM_BYTES) return '/dev/shm';
  } catch {
    // No /dev/shm on this system.
  }
  return tmpdir();
}

/** Runs that were killed could not remove theirs, and memory is not for ever. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : 0;
    if (pid > 0 && !runs(pid)) rmSync(path.join(parent, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
