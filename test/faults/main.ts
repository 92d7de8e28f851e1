// The long form of the fault suite: npm run test:faults [-- <scenario> …] [--seed <text>] [--previous <revision>]
// Prints what each scenario counted, and ends with 1 where a promise was broken.
import { parseArgs } from 'node:util';
import { redisMissing, TestRedis } from '../setup/redis.js';
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, previous: { type: 'string' } },
});
const seed = values.seed ?? String(Date.now());

/** Of the scenario of webhooks with rules. */
const ROUNDS = Array.from({ length: 16 }, (_, round) => (round % 2 === 0 ? 'kill' : 'crash'));

/** A scenario gets a PostgreSQL of its own. */
type Scenario = (stage: Stage, postgres: FaultPostgres) => Promise<Report | string>;

const SCENARIOS: Record<string, Scenario> = {
  kill: (stage) => kill(stage, { events: 1_000, kills: { worker: 20, api: 4 } }),
  'kill-in-a-row': (stage) => killInARow(stage, { kills: 9 }),
  replay: (stage) => replayKilled(stage, { events: 600, kills: 5 }),
  unswept,
  zombie,
  postgres: (stage, postgres) => postgresAway(stage, postgres, { crashes: 5, awayMs: 30_000, answerWithinMs: 5_000 }),
  rules: (stage, postgres) => ownRules(stage, { rounds: ROUNDS, pauses: 4 }, postgres),
  redis: async (stage) => {
    const missing = redisMissing();
    if (missing) return missing;
    const redis = await TestRedis.start();
    try {
      return await redisLost({ ...stage, redisUrl: redis.url }, redis, { events: 1_000, flushes: 3, kills: 2 });
    } finally {
      await redis.kill();
    }
  },
  clocks: (stage) => clocksApart(stage, { events: 500 }),
  receivers: (stage) => badReceivers(stage, { events: 200, concurrency: 64 }),
  stop: (stage) => gracefulStop(stage, { events: 1_500, stops: 20, workers: 3, roomMs: 10_000 }),
  rolling: async (stage) => {
    const previous = values.previous ?? previousRevision();
    return previous ? rollingDeploy(stage, { events: 300, previous }) : NO_HISTORY;
  },
};

const COLUMNS = [
  'events',
  'deliveries',
  'requests',
  'duplicates',
  'bound',
  'unknownOutcomes',
  'lost',
  'stuck',
  'maxRssMb',
] as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Plays a scenario and prints it. True where every promise was kept. */
async function play(name: string, scenario: Scenario): Promise<boolean> {
  const startedAt = performance.now();
  const postgres = await FaultPostgres.start();
  let report: Report | string;
  try {
    report = await scenario({ seed: `${seed}/${name}`, databaseUrl: postgres.url }, postgres);
  } finally {
    await postgres.close();
  }
  if (typeof report === 'string') {
    say(`${name}: skipped, ${report}`);
    return true;
  }
  const { counts, notes, broken } = report;
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  say(`${name}: ${broken.length === 0 ? 'kept' : 'BROKEN'} in ${seconds} s`);
  say(`  ${COLUMNS.map((column) => `${column} ${counts[column]}`).join(', ')}`);
  for (const note of notes) say(`  ${note}`);
  for (const sentence of broken) say(`  BROKEN: ${sentence}`);
  return broken.length === 0;
}

const unknown = positionals.filter((name) => !(name in SCENARIOS));
if (unknown.length > 0) {
  say(`There is no scenario ${unknown.join(', ')}. There are: ${Object.keys(SCENARIOS).join(', ')}.`);
  process.exit(1);
}
say(`Seed ${seed}: npm run test:faults -- --seed ${seed} throws the same dice again.`);
let kept = true;
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  kept = (await play(name, scenario)) && kept;
}
say(kept ? 'Every promise was kept.' : 'A promise was broken.');
process.exit(kept ? 0 : 1);
