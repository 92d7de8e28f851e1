// One PostgreSQL for a run of the tests: the embedded one, in memory where there is room, or the one that
// TEST_DATABASE_URL names (its user must be allowed to create databases).
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { removeLeftovers, roomiest, startTestCluster } from '../../src/testing/postgres/test-cluster.js';
import { prepareTemplate } from './template.js';

const PREFIX = 'posthorn-test-';

/** Starts it, sets TEST_DATABASE_URL (workers inherit it) and gives back what ends it. */
export async function startTestDatabase(): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    await prepareTemplate(given);
    return () => Promise.resolve();
  }
  const parent = roomiest();
  removeLeftovers(parent, PREFIX);
  const cluster = await startTestCluster(mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`)));
  try {
    await prepareTemplate(cluster.url);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  process.env.TEST_DATABASE_URL = cluster.url;
  return async () => {
    delete process.env.TEST_DATABASE_URL;
    await cluster.stop();
  };
}
