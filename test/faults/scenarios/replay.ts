// kill -9 of the worker in the midst of a replay: another goes on where the replay stands, at the pace it was asked for, and
// each delivery is made once.
import { eventually } from '../../setup/eventually.js';
import { checkReplay } from '../checker.js';
import { QUIET_WITHIN_MS, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

/** Answers after half a second: a kill finds as many requests in flight as may be. */
const TARGET = '/slow/a';

const MAX_IN_FLIGHT = 8;

/** Replayed deliveries of a webhook that may wait, for each request it may have in flight. */
const WAITING_PER_REQUEST = 4;

export const replayKilled = (stage: Stage, { events, kills }: { events: number; kills: number }): Promise<Report> =>
  Scene.play(stage, {}, async (scene) => {
    await scene.start('api');
    let worker = await scene.start('worker');
    const { id } = await scene.webhook(TARGET, ['load.*'], { maxInFlight: MAX_IN_FLIGHT });
    await scene.api('POST', `/api/webhooks/${id}/disable`);
    await scene.publisher.publish('load.missed', events);
    await scene.api('POST', `/api/webhooks/${id}/enable`);
    const { body: asked } = await scene.api<{ id: string; count: number }>('POST', `/api/webhooks/${id}/replay`, {
      since: '2020-01-01',
    });
    scene.expect(asked.count === events, `${events} deliveries were missed, and ${asked.count} are replayed.`);
    const progress = async (): Promise<{ made: number; finishedAt: string | null }> =>
      (await scene.api<{ made: number; finishedAt: string | null }>('GET', `/api/replays/${asked.id}`)).body;

    /** One that ends before all has arrived is told by what it left out, not waited for. */
    const underWay = (count: number): Promise<true> =>
      eventually(
        async () => scene.arrived().length >= count || (await progress()).finishedAt !== null,
        `${count} requests of the replay arrive`,
        { within: QUIET_WITHIN_MS },
      );

    let mostWaiting = 0;
    for (let done = 0; done < kills; done += 1) {
      await underWay(Math.floor(((done + 1) * events) / (kills + 2)));
      await scene.kill(worker);
      // Nothing moves now.
      const { made } = await progress();
      scene.expect(made < events, 'A kill came when all was made: the scenario tested nothing.');
      mostWaiting = Math.max(mostWaiting, await scene.countOf('pending'));
      await scene.rows.endLeases();
      worker = await scene.start('worker');
    }
    const { made } = await eventually(
      async () => {
        const now = await progress();
        return now.finishedAt !== null && now;
      },
      'the replay is finished',
      { within: QUIET_WITHIN_MS },
    );
    scene.expect(made === events, `The replay says that it made ${made}.`);
    await scene.quiesce();
    scene.expect(mostWaiting <= WAITING_PER_REQUEST * MAX_IN_FLIGHT, `${mostWaiting} deliveries waited at a time.`);
    const replayed = checkReplay(await scene.log());
    const report = await scene.report({
      duplicates: MAX_IN_FLIGHT * kills,
      finals: (path) => (path === TARGET ? 'success' : 'skipped'),
    });
    scene.notes.push(
      `${kills} kills in the midst of a replay of ${asked.count}, ${report.counts.unknownOutcomes} attempts were cut off, ` +
        `${mostWaiting} deliveries waited at most`,
    );
    return { ...report, broken: [...report.broken, ...replayed] };
  });
