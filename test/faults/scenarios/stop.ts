// SIGTERM under load: what is in flight ends and is written, what was claimed is given back, and nothing is sent twice.
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from '../../setup/server-process.js';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const RANDOM_MS = 300;
/** The default of SHUTDOWN_TIMEOUT, and room for connections to end on a busy machine. */
const EXIT_WITHIN_MS = 15_000 + 60_000;
const WEBHOOKS = ['/ok/a', '/ok/b', '/ok/c', '/mixed/d'];

export const gracefulStop = (
  stage: Stage,
  { events, stops, workers }: { events: number; stops: number; workers: number },
): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    await scene.start('api');
    const running: ServerProcess[] = [];
    for (let n = 0; n < workers; n += 1) running.push(await scene.start('worker'));
    for (const path of WEBHOOKS) await scene.webhook(path, ['load.*']);
    const publishing = scene.publisher.publish('load.stopped', events, { pauseMs: 20 });
    let slowestMs = 0;
    const stop = async (server: ServerProcess): Promise<void> => {
      const askedAt = performance.now();
      const { code, signal } = await server.stop('SIGTERM');
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
      scene.expect(code === 0, `A worker that was asked to stop ended with ${signal ?? code}.`);
    };
    for (let done = 0; done < stops; done += 1) {
      await scene.untilArrived(Math.floor(((done + 1) * events * WEBHOOKS.length) / (stops + 2)));
      await delay(scene.dice.below(RANDOM_MS));
      const victim = scene.dice.below(running.length);
      await stop(running[victim] as ServerProcess);
      running[victim] = await scene.start('worker');
    }
    // All of them at once, in mid-flight: with nobody left, nothing may be under a lease.
    await publishing;
    const { length } = scene.arrived();
    await scene.publisher.publish('load.last', 100);
    await scene.untilArrived(length + 20);
    await Promise.all(running.map(stop));
    const leased = await scene.countOf('sending');
    scene.expect(leased === 0, `${leased} leases were left behind by workers that stopped.`);
    await scene.start('worker');
    await scene.quiesce();
    scene.notes.push(`${stops + workers} stops, the slowest took ${Math.round(slowestMs)} ms`);
    scene.expect(slowestMs <= EXIT_WITHIN_MS, `A stop took ${Math.round(slowestMs)} ms.`);
    const report = await scene.report();
    const { unknownOutcomes } = report.counts;
    if (unknownOutcomes === 0) return report;
    return { ...report, broken: [...report.broken, `${unknownOutcomes} attempts were cut off by an orderly stop.`] };
  });
