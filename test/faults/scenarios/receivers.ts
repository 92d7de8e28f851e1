// Receivers at their worst, beside some that are well: everything arrives, the well ones do not wait for the others, and
// the memory of the worker does not grow with what it is answered.
import { BAD_AT_FIRST } from '../behaviours.js';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const WELL = ['/ok/a', '/ok/b', '/ok/c'];
const HANGING = '/hang-always/a';

export const badReceivers = (
  stage: Stage,
  { events, concurrency, maxRssMb }: { events: number; concurrency: number; maxRssMb: number },
): Promise<Report> =>
  Scene.play(stage, { DELIVERY_CONCURRENCY: String(concurrency) }, async (scene) => {
    await scene.start('api');
    await scene.start('worker');
    for (const behaviour of BAD_AT_FIRST) await scene.webhook(`/${behaviour}/a`, ['load.*']);
    await scene.webhook('/closing/a', ['load.*']);
    for (const path of WELL) await scene.webhook(path, ['load.*']);
    // Everything at once for the one that hangs: with its part of the slots it takes the longest by far.
    const hanging = await scene.webhook(HANGING, ['load.*'], { retrySchedule: ['300ms'] });
    await scene.publisher.publish('load.borne', events);
    await scene.untilArrived(0);
    const wellDone = (): boolean =>
      scene.arrived().filter(({ path }) => WELL.includes(path)).length >= events * WELL.length;
    while (!wellDone()) await scene.untilArrived(scene.arrived().length + 1);
    const { body } = await scene.api<{ data: unknown[] }>(
      'GET',
      `/api/deliveries?limit=250&webhookId=${hanging.id}&status=pending`,
    );
    scene.notes.push(
      `${body.data.length} of ${events} deliveries still waited for the receiver that hangs when the well ones had theirs`,
    );
    scene.expect(body.data.length > 0, 'The well receivers had to wait for the one that hangs.');
    await scene.quiesce();
    await expectCut(scene);
    const redirected = scene.arrived().filter(({ path }) => path.startsWith('/redirected'));
    scene.expect(redirected.length === 0, `${redirected.length} redirects were followed.`);
    const report = await scene.report({ finals: (path) => (path === HANGING ? 'failed' : 'success') });
    if (report.counts.maxRssMb <= maxRssMb) return report;
    return { ...report, broken: [...report.broken, `A process grew to ${report.counts.maxRssMb} MB.`] };
  });

/** Bodies that are larger than anything that is read are cut off, not endured until the deadline. */
async function expectCut(scene: Scene): Promise<void> {
  const larger = new Set(
    scene
      .arrived()
      .filter(({ answer }) => answer === 'endless' || answer === 'bomb')
      .map(({ delivery, attempt }) => `${delivery}/${attempt}`),
  );
  const cut = (await scene.log())
    .flatMap(({ id, attempts }) => attempts.map(({ number, error }) => ({ key: `${id}/${number}`, error })))
    .filter(({ key, error }) => larger.has(key) && error === 'body_cut');
  scene.notes.push(`${cut.length} of ${larger.size} endless bodies were cut off`);
  // On a machine that is very busy a few may meet the deadline first.
  scene.expect(cut.length > larger.size / 2, `Only ${cut.length} of ${larger.size} endless bodies were cut off.`);
}
