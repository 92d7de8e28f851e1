// PostgreSQL crashes and comes back, again and again, and once it stays away: nobody falls over, nobody is left waiting,
// and what was acknowledged is delivered.
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultPostgres } from '../postgres.js';
import { CONCURRENCY, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const WORKERS = 2;
const RANDOM_MS = 500;
/** Requests that arrive between two crashes. */
const BETWEEN = 60;

export interface PostgresSize {
  readonly crashes: number;
  readonly awayMs: number;
  /** Longest that the API may take for any answer. */
  readonly answerWithinMs: number;
}

export const postgresAway = (
  stage: Stage,
  postgres: FaultPostgres,
  { crashes, awayMs, answerWithinMs }: PostgresSize,
): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    const { publisher } = scene;
    await scene.start('api');
    for (let n = 0; n < WORKERS; n += 1) await scene.start('worker');
    const started = scene.processes;
    for (const path of ['/ok/a', '/ok/b', '/ok/c', '/mixed/d']) await scene.webhook(path, ['load.*']);

    let over = false;
    const publishing = (async () => {
      while (!over) await publisher.publish('load.outage', 20, { pauseMs: 50 });
    })();
    const asking = (async () => {
      while (!over) {
        await publisher.ask('GET', '/api/webhooks');
        await delay(100);
      }
    })();
    const recoveries: number[] = [];
    const comeBack = async (): Promise<void> => {
      await postgres.run();
      const startedAt = performance.now();
      const { length } = publisher.published;
      while (publisher.published.length === length) await delay(10);
      recoveries.push(Math.round(performance.now() - startedAt));
    };
    for (let crash = 0; crash < crashes; crash += 1) {
      await scene.untilArrived(scene.arrived().length + BETWEEN);
      await delay(scene.dice.below(RANDOM_MS));
      await postgres.crash();
      await comeBack();
    }
    await scene.untilArrived(scene.arrived().length + BETWEEN);
    await postgres.crash();
    await delay(awayMs);
    await comeBack();
    over = true;
    await Promise.all([publishing, asking]);
    await scene.quiesce();

    const answers = [...publisher.answers].sort(([a], [b]) => a - b);
    const others = answers.filter(([status]) => ![200, 202, 503].includes(status));
    scene.notes.push(
      `answers ${answers.map(([status, count]) => `${status}: ${count}`).join(', ')}`,
      `slowest answer ${Math.round(publisher.slowestMs)} ms`,
      `first publish ${recoveries.join(', ')} ms after PostgreSQL was back`,
    );
    scene.expect(others.length === 0, `The API answered ${others.map(([status]) => status).join(', ')}.`);
    scene.expect((publisher.answers.get(503) ?? 0) > 0, 'Nobody noticed that PostgreSQL was away.');
    scene.expect(publisher.slowestMs <= answerWithinMs, `An answer took ${Math.round(publisher.slowestMs)} ms.`);
    scene.expect(
      started.every(({ runs }) => runs),
      'A process ended.',
    );
    // A crash loses claims that were not on disk yet: their requests come again, under the same attempt number.
    const inFlight = 2 * CONCURRENCY * WORKERS * (crashes + 1);
    return scene.report({ duplicates: inFlight, repeatedNumbers: inFlight });
  });
