// A worker that stands still for longer than its leases, and then goes on as if nothing had been.
import { setTimeout as delay } from 'node:timers/promises';
import { CONCURRENCY, LEASE_MS, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

export const zombie = (stage: Stage): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    await scene.start('api');
    const zombie = await scene.start('worker');
    for (const name of ['a', 'b', 'c', 'd']) await scene.webhook(`/slow/${name}`, ['load.*']);
    await scene.publisher.publish('load.before', 20);
    await scene.untilArrived(CONCURRENCY);
    zombie.signal('SIGSTOP');
    const stoppedAt = performance.now();
    const heir = await scene.start('worker');
    await scene.quiesce();
    // Its own clock, too, must say that its leases are over.
    await delay(Math.max(0, LEASE_MS + 2_000 - (performance.now() - stoppedAt)));
    const before = await scene.log();
    zombie.signal('SIGCONT');
    await heir.stop();
    // What it sends from now on is settled behind what it had left to say.
    await scene.publisher.publish('load.after', 20);
    await scene.quiesce();
    const after = new Map((await scene.log()).map((delivery) => [delivery.id, delivery]));
    const changed = before.filter((delivery) => JSON.stringify(after.get(delivery.id)) !== JSON.stringify(delivery));
    scene.expect(changed.length === 0, `${changed.length} deliveries were changed by the late result of the zombie.`);
    scene.expect(zombie.runs, 'The zombie ended.');
    const report = await scene.report({ duplicates: CONCURRENCY });
    if (report.counts.unknownOutcomes > 0) return report;
    return { ...report, broken: [...report.broken, 'The zombie held nothing: the scenario tested nothing.'] };
  });
