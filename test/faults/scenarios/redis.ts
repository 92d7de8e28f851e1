// Redis forgets everything, or dies and comes back empty, while it holds the timers of retries: nothing depends on it.
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../setup/eventually.js';
import type { TestRedis } from '../../setup/redis.js';
import { QUIET_WITHIN_MS, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const RANDOM_MS = 500;
const WEBHOOKS = ['/mixed/a', '/mixed/b', '/mixed/c', '/nul/d'];
/** Its retries wait for so long that a fault finds one of them in Redis, however slow the machine. */
const PATIENT = '/nul/patient';
const PATIENT_SCHEDULE = ['10s', '10s'];

export interface RedisSize {
  readonly events: number;
  readonly flushes: number;
  readonly kills: number;
}

export const redisLost = (stage: Stage, redis: TestRedis, { events, flushes, kills }: RedisSize): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    await scene.start('api');
    for (let n = 0; n < 2; n += 1) await scene.start('worker');
    for (const path of WEBHOOKS) await scene.webhook(path, ['load.*']);
    await scene.webhook(PATIENT, ['patient.*'], { retrySchedule: PATIENT_SCHEDULE });
    const held = (): Promise<number> => redis.ask((client) => client.zcard('{posthorn}:posthorn-retries:delayed'));
    const publishing = scene.publisher.publish('load.flushed', events, { pauseMs: 50 });
    let jobsLost = 0;
    const faults = flushes + kills;
    for (let done = 0; done < faults; done += 1) {
      await scene.untilArrived(Math.floor(((done + 1) * events * WEBHOOKS.length) / (faults + 1)));
      await delay(scene.dice.below(RANDOM_MS));
      await scene.publisher.publish('patient.flushed', 1);
      jobsLost += await eventually(held, 'Redis holds a retry', { within: QUIET_WITHIN_MS });
      if (done % 2 === 0 && done / 2 < kills) {
        await redis.kill();
        await delay(scene.dice.below(RANDOM_MS));
        await redis.run();
      } else await redis.flush();
    }
    await publishing;
    await scene.quiesce();
    scene.notes.push(`${flushes} flushes, ${kills} kills of Redis, ${jobsLost} retries lost their job`);
    return scene.report();
  });
