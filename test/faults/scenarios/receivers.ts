// Receivers at their worst, beside some that are well: everything arrives, the well ones do not wait for the others, and
// the memory of the worker does not grow with what it is answered.
import { WEBHOOK_PART } from '../../../src/delivery/queue/send-lane.js';
import { BAD_AT_FIRST } from '../behaviours.js';
import type { Delivery } from '../evidence.js';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const WELL = ['/ok/a', '/ok/b', '/ok/c'];
const HANGING = '/hang-always/a';

/** The longest there is: whoever waits for it waits for minutes, which no busy machine makes of an answer that is there. */
const HANGING_TIMEOUT_MS = 120_000;

/** Of those whose answers say 2xx and then have no good end. */
const TIMEOUT_MS: Readonly<Record<string, number>> = {
  // Long enough for a busy machine to have read the status before a few drops have come.
  drip: 3_000,
  // These are cut off by their size, long before this.
  endless: 120_000,
  bomb: 120_000,
};

export const badReceivers = (
  stage: Stage,
  { events, concurrency }: { events: number; concurrency: number },
): Promise<Report> =>
  Scene.play(stage, { DELIVERY_CONCURRENCY: String(concurrency) }, async (scene) => {
    await scene.start('api');
    await scene.start('worker');
    for (const behaviour of BAD_AT_FIRST)
      await scene.webhook(`/${behaviour}/a`, ['load.*'], { timeoutMs: TIMEOUT_MS[behaviour] });
    await scene.webhook('/closing/a', ['load.*']);
    for (const path of WELL) await scene.webhook(path, ['load.*']);
    // Its backlog comes first, and takes every slot that it can get.
    const hanging = await scene.webhook(HANGING, ['hanging.*'], {
      timeoutMs: HANGING_TIMEOUT_MS,
      retrySchedule: ['300ms'],
    });
    const part = Math.floor(concurrency / WEBHOOK_PART);
    await scene.publisher.publish('hanging.borne', concurrency * 2);
    await scene.untilArrived(part);
    await scene.publisher.publish('load.borne', events);
    const wellDone = (): boolean =>
      scene.arrived().filter(({ path }) => WELL.includes(path)).length >= events * WELL.length;
    const triedAgain = (): boolean => scene.arrived().some(({ path, attempt }) => path === HANGING && attempt > 1);
    while (!wellDone() && !triedAgain()) await scene.untilArrived(scene.arrived().length + 1);
    await expectStillHanging(scene, hanging.id, part);
    scene.behave(HANGING, '/down');
    scene.cutOff(HANGING);
    await scene.quiesce();
    await expectError(scene, ['endless', 'bomb'], 'body_cut');
    await expectError(scene, ['drip'], 'timeout');
    await expectNotFollowed(scene);
    return scene.report({ finals: (path) => (path === HANGING ? 'failed' : 'success') });
  });

/** None of its requests has met the deadline, so nothing got a slot that one of them had held; and they hold their part of the slots. */
async function expectStillHanging(scene: Scene, webhookId: string, part: number): Promise<void> {
  const { body } = await scene.api<{ data: Delivery[] }>('GET', `/api/deliveries?limit=250&webhookId=${webhookId}`);
  const counted = (wanted: string): number => body.data.filter(({ status }) => status === wanted).length;
  const [waiting, hanging] = [counted('pending'), counted('sending')];
  scene.notes.push(`When the well receivers had theirs, ${hanging} requests hung and ${waiting} waited behind them`);
  scene.expect(waiting + hanging === body.data.length, 'The well receivers had to wait for the one that hangs.');
  scene.expect(hanging > 0 && hanging <= part, `The receiver that hangs held ${hanging} slots: its part are ${part}.`);
}

/**
 * Answers with a status 200 and a body without end are a success that says how the body ended: one larger than anything that
 * is read is cut off, not endured until the deadline; one that only drips is endured until then, and no longer.
 */
async function expectError(scene: Scene, answers: readonly string[], expected: string): Promise<void> {
  const answered = new Set(
    scene
      .arrived()
      .filter(({ answer }) => answers.includes(answer))
      .map(({ delivery, attempt }) => `${delivery}/${attempt}`),
  );
  const ended = (await scene.log())
    .flatMap(({ id, attempts }) => attempts.map((attempt) => ({ ...attempt, key: `${id}/${attempt.number}` })))
    .filter(({ key, httpStatus, error }) => answered.has(key) && httpStatus === 200 && error === expected);
  const told = `${ended.length} of ${answered.size} answers of ${answers.join(' and ')} ended as ${expected}`;
  scene.notes.push(told);
  // A few are cut off with a connection that `/closing` closes, or meet the deadline before a busy machine reads their status.
  scene.expect(ended.length > answered.size / 2, `Only ${told}.`);
}

/** A redirect points to where it came from: whoever follows it comes more often than the log has attempts. */
async function expectNotFollowed(scene: Scene): Promise<void> {
  const requests = scene.arrived().filter(({ path }) => path.startsWith('/redirect/'));
  const redirected = new Set(requests.map(({ delivery }) => delivery));
  const attempts = (await scene.log()).filter(({ id }) => redirected.has(id)).flatMap((delivery) => delivery.attempts);
  scene.expect(
    requests.length <= attempts.length,
    `Redirects were followed: ${requests.length} requests in ${attempts.length} attempts.`,
  );
  scene.expect(
    attempts.some(({ outcome }) => outcome === 'redirect'),
    'Nobody was redirected: the scenario tested nothing.',
  );
}
