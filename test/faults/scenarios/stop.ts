// SIGTERM under load: what is in flight ends and is written, what was claimed is given back, and nothing is sent twice. Only a
// request that outlasts SHUTDOWN_TIMEOUT is cut, and comes again when its lease has ended.
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from '../../setup/server-process.js';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const RANDOM_MS = 300;
/** The default of SHUTDOWN_TIMEOUT. */
const SHUTDOWN_TIMEOUT_MS = 15_000;
/** That of a worker which cuts a request off. */
const SHORT_TIMEOUT_MS = 1_000;
const WEBHOOKS = ['/ok/a', '/ok/b', '/ok/c', '/mixed/d'];

export interface StopSize {
  readonly events: number;
  readonly stops: number;
  readonly workers: number;
  /** What an exit may take beyond SHUTDOWN_TIMEOUT. */
  readonly roomMs: number;
}

export const gracefulStop = (stage: Stage, { events, stops, workers, roomMs }: StopSize): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    await scene.start('api');
    const running: ServerProcess[] = [];
    for (let n = 0; n < workers; n += 1) running.push(await scene.start('worker'));
    for (const path of WEBHOOKS) await scene.webhook(path, ['load.*']);
    const publishing = scene.publisher.publish('load.stopped', events, { pauseMs: 20 });
    let slowestMs = 0;
    const stop = async (server: ServerProcess, timeoutMs = SHUTDOWN_TIMEOUT_MS): Promise<void> => {
      const askedAt = performance.now();
      const { code, signal } = await server.stop('SIGTERM');
      const tookMs = Math.round(performance.now() - askedAt);
      slowestMs = Math.max(slowestMs, tookMs);
      scene.expect(tookMs <= timeoutMs + roomMs, `A stop took ${tookMs} ms, its SHUTDOWN_TIMEOUT is ${timeoutMs}.`);
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
    await Promise.all(running.map((server) => stop(server)));
    const leased = await scene.countOf('sending');
    scene.expect(leased === 0, `${leased} leases were left behind by workers that stopped.`);
    const heir = await scene.start('worker', { env: { SHUTDOWN_TIMEOUT: `${SHORT_TIMEOUT_MS}ms` } });
    await scene.quiesce();
    await expectCutOnce(scene, () => stop(heir, SHORT_TIMEOUT_MS));
    scene.notes.push(`${stops + workers + 1} stops, the slowest took ${slowestMs} ms`);
    const report = await scene.report({ duplicates: 1 });
    const { unknownOutcomes } = report.counts;
    if (unknownOutcomes === 1) return report;
    const sentence = `${unknownOutcomes} attempts were cut off by orderly stops; one alone outlasts its stop.`;
    return { ...report, broken: [...report.broken, sentence] };
  });

/**
 * A receiver hangs for longer than the only worker may take to stop: its request is cut, and its delivery comes again.
 *
 * @param stop - Stops that worker.
 */
async function expectCutOnce(scene: Scene, stop: () => Promise<void>): Promise<void> {
  const webhook = await scene.holdRequest();
  await stop();
  const leased = await scene.countOf('sending');
  scene.expect(leased === 1, `Of one request that was cut ${leased} leases were left.`);
  await scene.rows.endLeases();
  await scene.start('worker');
  await scene.quiesce();
  const outcomes = (await scene.log())
    .filter(({ webhookId }) => webhookId === webhook.id)
    .map(({ attempts }) => attempts.map(({ outcome }) => outcome).join(', '));
  scene.expect(
    outcomes.length === 1 && outcomes[0] === 'unknown_outcome, success',
    `The delivery that was cut came to: ${outcomes.join('; ')}.`,
  );
}
