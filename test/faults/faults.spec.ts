// The short form of the fault suite: every scenario, small and side by side, since most of them wait for a lease to end.
// `npm run test:faults` is the long form.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cloneDatabase, emptyDatabase } from '../setup/database.js';
import { redisMissing, TestRedis } from '../setup/redis.js';
import { ensureBuiltOnce } from '../setup/server-process.js';
import { FaultPostgres } from './postgres.js';
import type { Report, Stage } from './scene.js';
import { clocksApart } from './scenarios/clocks.js';
import { kill, killInARow, unswept } from './scenarios/kill.js';
import { postgresAway } from './scenarios/postgres.js';
import { badReceivers } from './scenarios/receivers.js';
import { redisLost } from './scenarios/redis.js';
import { replayKilled } from './scenarios/replay.js';
import { NO_HISTORY, previousRevision, rollingDeploy } from './scenarios/rolling.js';
import { ownRules } from './scenarios/rules.js';
import { gracefulStop } from './scenarios/stop.js';
import { zombie } from './scenarios/zombie.js';

/** Only a process that hangs takes this long. */
const WITHIN_MS = 1_200_000;
const seed = String(Date.now());

// A copy of the sources without their history is no fault of theirs: there the migrations are read, and that is all.
const previous = previousRevision();
if (!previous) console.warn(`Not played: a rolling deploy: ${NO_HISTORY}.`);

beforeAll(() => ensureBuiltOnce());

/** Plays a scenario on a copy of the template database. */
async function expectKept(play: (stage: Stage) => Promise<Report>, databaseUrl?: string): Promise<void> {
  const report = await play({ seed, databaseUrl: databaseUrl ?? (await cloneDatabase()).url });
  expect({ seed, ...report }).toMatchObject({ broken: [] });
}

// A few of them play at a time, in this order: those come first that wait for a lease to end, while others work.
describe('every delivery ends as it must, and none comes twice but what was in flight', () => {
  it.concurrent(
    'while workers and APIs are killed',
    () => expectKept((on) => kill(on, { events: 100, kills: { worker: 2, api: 1 } })),
    WITHIN_MS,
  );

  it.concurrent(
    'while workers are killed, and to each webhook by its own rules: order, lanes, at most once, limits, circuit',
    () => expectKept((on) => ownRules(on, { rounds: ['kill'], pauses: 1 })),
    WITHIN_MS,
  );

  it.concurrent(
    'while a worker stands still for longer than its leases, and goes on',
    () => expectKept(zombie),
    WITHIN_MS,
  );

  it.concurrent(
    'and where nothing sweeps, this suite says that deliveries are stuck',
    () => expectKept(unswept),
    WITHIN_MS,
  );

  it.concurrent(
    'when the same delivery is cut off again and again',
    () => expectKept((on) => killInARow(on, { kills: 2 })),
    WITHIN_MS,
  );

  it.concurrent(
    'when the worker is killed in the midst of a replay: each is replayed once',
    () => expectKept((on) => replayKilled(on, { events: 200, kills: 2 })),
    WITHIN_MS,
  );

  it.concurrent(
    'while PostgreSQL crashes and is away, and the API answers 503 and nothing else',
    async () => {
      const postgres = await FaultPostgres.start();
      try {
        // Longer than the promise of the long form: here the machine is busy with other tests, too.
        const size = { crashes: 2, awayMs: 3_000, answerWithinMs: 60_000 };
        await expectKept((on) => postgresAway(on, postgres, size), postgres.url);
      } finally {
        await postgres.close();
      }
    },
    WITHIN_MS,
  );

  (redisMissing() ? it.skip : it.concurrent)(
    'while Redis forgets everything, and dies',
    async () => {
      const redis = await TestRedis.start();
      try {
        const size = { events: 100, flushes: 1, kills: 1 };
        await expectKept((on) => redisLost({ ...on, redisUrl: redis.url }, redis, size));
      } finally {
        await redis.kill();
      }
    },
    WITHIN_MS,
  );

  it.concurrent(
    'where the clocks of workers are ten minutes apart',
    () => expectKept((on) => clocksApart(on, { events: 40 })),
    WITHIN_MS,
  );

  if (previous)
    it.concurrent(
      'while the previous version works beside this one, on the schema of this one',
      // Which that version makes.
      async () => expectKept((on) => rollingDeploy(on, { events: 40, previous }), (await emptyDatabase()).url),
      WITHIN_MS,
    );

  it.concurrent(
    'while workers are asked to stop: nothing comes twice but what outlasts a stop',
    // More room than the long form: here the machine is busy with other tests, too.
    () => expectKept((on) => gracefulStop(on, { events: 120, stops: 2, workers: 2, roomMs: 60_000 })),
    WITHIN_MS,
  );

  it.concurrent(
    'beside receivers that hang, drip, pour, reset and lie, in bounded memory',
    () => expectKept((on) => badReceivers(on, { events: 40, concurrency: 32 })),
    WITHIN_MS,
  );
});
