// Redis forgets everything, or dies and comes back empty, while it holds the timers of retries: nothing depends on it.
import { setTimeout as delay } from 'node:timers/promises';
import type { TestRedis } from '../../setup/redis.js';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const RANDOM_MS = 500;
const WEBHOOKS = ['/mixed/a', '/mixed/b', '/mixed/c', '/nul/d'];

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
    const publishing = scene.publisher.publish('load.flushed', events, { pauseMs: 50 });
    let jobsLost = 0;
    const faults = flushes + kills;
    for (let done = 0; done < faults; done += 1) {
      await scene.untilArrived(Math.floor(((done + 1) * events * WEBHOOKS.length) / (faults + 1)));
      await delay(scene.dice.below(RANDOM_MS));
      jobsLost += await redis.ask((client) => client.zcard('{posthorn}:posthorn-retries:delayed'));
      if (done % 2 === 0 && done / 2 < kills) {
        await redis.kill();
        await delay(scene.dice.below(RANDOM_MS));
        await redis.run();
      } else await redis.flush();
    }
    await publishing;
    await scene.quiesce();
    scene.notes.push(`${flushes} flushes, ${kills} kills of Redis, ${jobsLost} retries lost their job`);
    scene.expect(jobsLost > 0, 'Redis held nothing: the scenario tested nothing.');
    return scene.report();
  });
