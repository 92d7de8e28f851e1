// kill -9 at any moment: of workers, of the API, and of the same delivery's sender again and again.
import type { ServerProcess } from '../../setup/server-process.js';
import { CONCURRENCY, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

/** The part of a portion within which its kill falls: the rest is what it finds under way. */
const EARLY = 0.75;

/** What is claimed is sent within half of its lease, or given back: after a kill no lease of what was under way ends within this. */
const KNOWN_WITHIN_MS = 10_000;

const WEBHOOKS = ['/ok/a', '/ok/b', '/ok/c', '/mixed/d'];

export interface KillSize {
  /** Published in as many portions as there are kills, so that each kill finds work under way. */
  readonly events: number;
  /** How often one of two workers is killed, and how often the only API is, besides. */
  readonly kills: { readonly worker: number; readonly api: number };
}

/**
 * Kills in an order of chance, each at a random moment of its portion of `events` × 4 deliveries; then of all workers, of which one
 * is in the midst of a request for certain.
 */
export const kill = (stage: Stage, { events, kills }: KillSize): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    const running = {
      api: [await scene.start('api')],
      worker: [await scene.start('worker'), await scene.start('worker')],
    };
    for (const path of WEBHOOKS) await scene.webhook(path, ['load.*']);
    const roles = scene.dice.shuffle([
      ...Array<'worker'>(kills.worker).fill('worker'),
      ...Array<'api'>(kills.api).fill('api'),
    ]);
    const killed = { worker: 0, api: 0 };
    const cutOff = new Set<string>();
    for (const [done, role] of roles.entries()) {
      const portion = Math.floor(((done + 1) * events) / roles.length) - Math.floor((done * events) / roles.length);
      const { length } = scene.arrived();
      const publishing = scene.publisher.publish('load.killed', portion, { pauseMs: 20 });
      await scene.untilArrived(length + 1 + scene.dice.below(portion * WEBHOOKS.length * EARLY));
      const victim = scene.dice.below(running[role].length);
      const server = running[role][victim] as ServerProcess;
      await scene.kill(server);
      const killedAt = performance.now();
      const underWay = role === 'worker' ? await scene.underWay() : [];
      const { signal } = await server.ended;
      if (signal === 'SIGKILL') killed[role] += 1;
      running[role][victim] = await scene.start(role);
      await publishing;
      // By now the other one has settled what it had under way; after a long time leases may have ended, too.
      const left = performance.now() - killedAt < KNOWN_WITHIN_MS ? await scene.rows.beingSent() : new Set(underWay);
      for (const key of underWay) if (left.has(key)) cutOff.add(key);
    }
    await scene.holdRequest();
    await Promise.all(running.worker.map((server) => scene.kill(server)));
    for (const key of await scene.underWay()) cutOff.add(key);
    await scene.rows.endLeases();
    await scene.start('worker');
    await scene.quiesce();
    scene.expect(killed.worker === kills.worker && killed.api === kills.api, 'Some ended before they were killed.');
    const report = await scene.report({ cutOff });
    const { unknownOutcomes } = report.counts;
    const calls = scene.publisher.answers.get(0) ?? 0;
    scene.notes.push(
      `workers killed ${killed.worker} times, the API ${killed.api} times, then all workers: ${unknownOutcomes} attempts were cut off, ${calls} calls got no answer`,
    );
    if (unknownOutcomes > 0) return report;
    return { ...report, broken: [...report.broken, 'No kill found a request in flight: the scenario tested nothing.'] };
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
      await scene.rows.endLeases();
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
    await scene.rows.endLeases();
    await scene.start('worker', { preload });
    // The sweep would look several times within this.
    await scene.quiesce(20_000);
    const { counts, broken } = await scene.report();
    const noticed = broken.some((sentence) => sentence.includes('stuck'));
    return {
      counts,
      broken: noticed ? [] : ['The checker did not notice that nothing swept.'],
      notes: [`with the sweep switched off the checker said: ${broken.join(' ')}`],
    };
  });
