// What doctor finds of the queue: Redis where there is one.
import { Redis } from 'ioredis';
import type { Settings } from '../../platform/config/index.js';
import { broken, look, ok } from './finding.js';
import type { Finding } from './finding.js';

const ANSWER_WITHIN_MS = 5_000;

export async function queueFindings({ redisUrl }: Settings): Promise<Finding[]> {
  if (redisUrl === undefined) return [ok('queue', 'Retries are timed by PostgreSQL: there is no REDIS_URL.')];
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // What went wrong: what `connect` rejects with says only that the connection is closed.
  let wrong: Error | undefined;
  redis.on('error', (error: Error) => (wrong = error));
  try {
    await redis.connect();
    const policy = await policyOf(redis);
    return [
      policy === undefined || policy === 'noeviction'
        ? ok('queue', 'Redis answers.')
        : look('queue', `Redis answers, and may forget jobs (maxmemory-policy ${policy}): set it to noeviction.`),
    ];
  } catch (error) {
    return [
      broken(
        'queue',
        `Redis does not answer: ${(wrong ?? (error as Error)).message}. Check REDIS_URL; while it is away retries are late, and nothing is lost.`,
      ),
    ];
  } finally {
    redis.disconnect();
  }
}

/** Some that are rented do not tell. */
async function policyOf(redis: Redis): Promise<string | undefined> {
  await redis.ping();
  try {
    const [, policy] = (await redis.config('GET', 'maxmemory-policy')) as string[];
    return policy;
  } catch {
    return undefined;
  }
}
