// One PostgreSQL for all test processes of a run. They find it by a directory that is named after the run. Whoever comes first
// makes the directory, and a keeper that starts PostgreSQL in it; the others wait for the keeper's word.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameOf } from '../../platform/database/embedded-postgres/index.js';
import { eventually } from '../eventually.js';
import { roomiest } from './test-cluster.js';

export const KEPT_PREFIX = 'posthorn-testing-';
/** Holds the URL of the cluster. */
export const READY_FILE = 'ready';
/** Says why there is none. */
export const FAILED_FILE = 'failed';

/** A slow machine, and binaries that have to be copied first. */
const START_MS = 120_000;

/** The URL of the PostgreSQL of this run. @throws Error where it cannot be started, saying why. */
export async function keptCluster(): Promise<string> {
  // Test runners fork their workers, with a channel to talk to them; without one we are the run ourselves.
  const run = nameOf(process.connected ? process.ppid : process.pid);
  const directory = path.join(roomiest(), `${KEPT_PREFIX}${run.pid}-${run.startedAt}`);
  if (make(directory)) {
    const keeper = fileURLToPath(new URL('keeper.js', import.meta.url));
    spawn(process.execPath, [keeper, directory, JSON.stringify(run)], { detached: true, stdio: 'ignore' }).unref();
  }
  const word = await eventually(
    () => read(directory, READY_FILE) ?? failureOf(directory),
    'the PostgreSQL of the tests runs',
    { within: START_MS },
  );
  if (word instanceof Error) throw word;
  return word;
}

function failureOf(directory: string): Error | undefined {
  const reason = read(directory, FAILED_FILE);
  return reason === undefined ? undefined : new Error(`The PostgreSQL of the tests cannot be started: ${reason}`);
}

/** False where it is there already; nobody else's may stand in its place. */
function make(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (process.getuid && statSync(directory).uid !== process.getuid())
      throw new Error(`${directory} belongs to another user. Remove it.`, { cause: error });
    return false;
  }
}

function read(directory: string, name: string): string | undefined {
  try {
    return readFileSync(path.join(directory, name), 'utf8');
  } catch {
    return undefined;
  }
}
