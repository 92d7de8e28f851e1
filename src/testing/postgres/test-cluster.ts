// The PostgreSQL of a run of tests: embedded, in memory where there is room, thrown away with everything in it.
import { readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pidRuns, startEmbeddedPostgres } from '../../platform/database/embedded-postgres/index.js';
import { freePort } from './free-port.js';

/** Room for the cluster and some dozens of cloned databases. */
const ROOM_BYTES = 1_000_000_000;

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

interface TestCluster {
  /** Of its database `postgres`, as a user who may do everything. */
  readonly url: string;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** Starts a cluster in an empty directory, which is its own from then on. */
export async function startTestCluster(dataDir: string): Promise<TestCluster> {
  const remove = (): void => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  try {
    const port = await freePort();
    const postgres = await startEmbeddedPostgres({
      dataDir,
      flags: [...TEST_FLAGS, 'listen_addresses=127.0.0.1', `port=${port}`],
    });
    return {
      url: `postgres://${postgres.connection.user}@127.0.0.1:${port}/postgres`,
      stop: async () => {
        await postgres.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Where its directory had best be: /dev/shm is memory, and a clone takes a tenth of the time it takes on disk. */
export function roomiest(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize >= ROOM_BYTES) return '/dev/shm';
  } catch {
    // No /dev/shm on this system.
  }
  return tmpdir();
}

/** Removes directories named by this prefix and a pid, whose process is gone: it was killed, and memory is not for ever. */
export function removeLeftovers(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || pidRuns(pid)) continue;
    try {
      rmSync(path.join(parent, name), { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // Another user's, or somebody else is removing it just now.
    }
  }
}
