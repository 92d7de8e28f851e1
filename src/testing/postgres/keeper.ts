// A process of its own that keeps the PostgreSQL of a run of tests: the first test process starts it, all of them use it, and
// none of them has to end it. It ends by itself once the run is over, however the run ended.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning } from '../../platform/database/embedded-postgres/index.js';
import type { ProcessName } from '../../platform/database/embedded-postgres/index.js';
import { FAILED_FILE, KEPT_PREFIX, READY_FILE } from './kept-cluster.js';
import { removeLeftovers, startTestCluster } from './test-cluster.js';

const LOOK_EVERY_MS = 250;

const [directory = '', owner = '{}'] = process.argv.slice(2);
const run = JSON.parse(owner) as ProcessName;

/** A file that is there is whole. */
function write(name: string, text: string): void {
  const file = path.join(directory, name);
  writeFileSync(`${file}.draft`, text, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}

removeLeftovers(path.dirname(directory), KEPT_PREFIX);
const cluster = await startTestCluster(path.join(directory, 'data')).catch((error: Error) => {
  write(FAILED_FILE, error.message);
  return undefined;
});
if (cluster) write(READY_FILE, cluster.url);
while (isRunning(run)) await delay(LOOK_EVERY_MS);
await cluster?.stop();
rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
