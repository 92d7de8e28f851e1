// Two workers whose clocks are ten minutes apart, and an API between them: due times and leases are PostgreSQL's, so no
// retry comes early, none comes twice, and none is missed.
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const OFFSET_MS = 300_000;
/** The wait of the schedule, shortened by as much as chance may. */
const SHORTEST_WAIT_MS = 300 * 0.8;
const WEBHOOKS = ['/mixed/a', '/mixed/b', '/mixed/c', '/nul/d'];

export const clocksApart = (stage: Stage, { events }: { events: number }): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    const preload = [new URL('../preload/clock.mjs', import.meta.url).href];
    await scene.start('api');
    for (const offsetMs of [-OFFSET_MS, OFFSET_MS])
      await scene.start('worker', { preload, env: { FAULTS_CLOCK_OFFSET_MS: String(offsetMs) } });
    for (const path of WEBHOOKS) await scene.webhook(path, ['load.*']);
    const behind = (): number => scene.arrived().filter(({ at, sentAt }) => sentAt < at - OFFSET_MS / 2).length;
    const ahead = (): number => scene.arrived().filter(({ at, sentAt }) => sentAt > at + OFFSET_MS / 2).length;
    // As many as it takes: on a busy machine one of the workers may have done everything before the other looks.
    do await scene.publisher.publish('load.skewed', events, { pauseMs: 20 });
    while (behind() === 0 || ahead() === 0);
    await scene.quiesce();

    const arrived = scene.arrived();
    scene.notes.push(`${behind()} requests by the clock that is behind, ${ahead()} by the one that is ahead`);
    // A retry counts from the answer. Where the deadline came first, a receiver that was slow to read saw the request late.
    const unanswered = new Set(
      (await scene.log()).flatMap(({ id, attempts }) =>
        attempts.filter(({ httpStatus }) => httpStatus === null).map(({ number }) => `${id}/${number}`),
      ),
    );
    // It may even see it after the retry: that one is not early.
    const answered = new Map<string, { attempt: number; at: number }>();
    let early = 0;
    for (const { delivery, attempt, at } of arrived) {
      const before = answered.get(delivery);
      if (before && attempt > before.attempt && at - before.at < SHORTEST_WAIT_MS) early += 1;
      if (!unanswered.has(`${delivery}/${attempt}`)) answered.set(delivery, { attempt, at });
    }
    scene.expect(early === 0, `${early} retries came before they were due.`);
    return scene.report();
  });
