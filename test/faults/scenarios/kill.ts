// kill -9 at any moment: of any process, and of the same delivery's sender again and again.
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from '../../setup/server-process.js';
import { CONCURRENCY, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

/** Requests in flight are those under way and those whose outcome is being written: a slot is free once it is known. */
const IN_FLIGHT = 2 * CONCURRENCY;

/** Longest pause between a sign of life and a kill. */
const RANDOM_MS = 300;

const WEBHOOKS = ['/ok/a', '/ok/b', '/ok/c', '/mixed/d'];

/** Random victims among two workers and an API, while `events` × 4 deliveries are under way. */
export const kill = (stage: Stage, { events, kills }: { events: number; kills: number }): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    const running: { role: 'api' | 'worker'; server: ServerProcess }[] = [];
    for (const role of ['api', 'worker', 'worker'] as const) running.push({ role, server: await scene.start(role) });
    for (const path of WEBHOOKS) await scene.webhook(path, ['load.*']);
    const publishing = scene.publisher.publish('load.killed', events, { pauseMs: 20 });
    let killedWorkers = 0;
    for (let done = 0; done < kills; done += 1) {
      await scene.untilArrived(Math.floor(((done + 1) * events * WEBHOOKS.length) / (kills + 1)));
      await delay(scene.dice.below(RANDOM_MS));
      const victim = scene.dice.pick(running);
      if (victim.role === 'worker') killedWorkers += 1;
      await scene.kill(victim.server);
      victim.server = await scene.start(victim.role);
    }
    await publishing;
    await scene.quiesce();
    scene.notes.push(`${kills} kills, ${killedWorkers} of them workers`);
    return scene.report({ duplicates: IN_FLIGHT * killedWorkers });
  });

/** One delivery whose sender dies each time that it sends it, and which the receiver accepts the time after. */
export const killInARow = (stage: Stage, { kills }: { kills: number }): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    await scene.start('api');
    // The kill decides how the attempt ends, not the deadline.
    await scene.webhook(`/hang-until/${kills + 1}`, ['load.*'], { timeoutMs: 60_000 });
    await scene.publisher.publish('load.cursed', 1);
    for (let done = 0; done < kills; done += 1) {
      const worker = await scene.start('worker');
      await scene.untilArrived(done + 1);
      await scene.kill(worker);
      await scene.endLeases();
    }
    await scene.start('worker');
    await scene.quiesce();
    const report = await scene.report({ duplicates: kills });
    const { unknownOutcomes } = report.counts;
    if (unknownOutcomes === kills) return report;
    return {
      ...report,
      broken: [...report.broken, `${kills} kills left ${unknownOutcomes} attempts of unknown outcome.`],
    };
  });

/** The same with the sweep switched off: what died with its process stays where it was, and the checker has to say so. */
export const unswept = (stage: Stage): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    const preload = [new URL('../preload/no-sweep.mjs', import.meta.url).href];
    await scene.start('api');
    const worker = await scene.start('worker', { preload });
    // Slow answers: the kill finds requests in flight.
    for (const name of ['a', 'b', 'c', 'd']) await scene.webhook(`/slow/${name}`, ['load.*']);
    await scene.publisher.publish('load.unswept', 40);
    await scene.untilArrived(CONCURRENCY);
    await scene.kill(worker);
    await scene.endLeases();
    await scene.start('worker', { preload });
    // The sweep would look several times within this.
    await scene.quiesce(20_000);
    const { counts, broken } = await scene.report({ duplicates: IN_FLIGHT });
    const noticed = broken.some((sentence) => sentence.includes('stuck'));
    return {
      counts,
      broken: noticed ? [] : ['The checker did not notice that nothing swept.'],
      notes: [`with the sweep switched off the checker said: ${broken.join(' ')}`],
    };
  });
