// The log of deliveries, used as somebody does who is told that "the webhook did not come".
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, called, describeDashboard, EXACTLY, rowsOf } from './dashboard.harness.js';

describeDashboard('deliveries on the dashboard', (scene) => {
  it('shows what failed, says why, and sends it again', async () => {
    const receiver = await scene.deliveries.receiver((_, response) =>
      response.writeHead(500, { 'Content-Type': 'application/json' }).end('{"oops":"no room left"}'),
    );
    const target = await scene.deliveries.target(receiver.url, { retrySchedule: ['20ms'] });
    const fine = await scene.deliveries.target((await scene.deliveries.receiver(200)).url);
    await scene.deliveries.settled(await fine.send());
    await scene.deliveries.settled(await target.send({ orderId: "it's 1042" }));

    const page = await scene.signedIn('deliveries');
    await page.getByRole('row').filter({ hasText: fine.type }).waitFor();
    await page.getByLabel('Status', EXACTLY).selectOption('failed');
    await page.getByRole('row').filter({ hasText: fine.type }).waitFor({ state: 'detached' });
    await page.waitForURL(/status=failed/);
    expect((await rowsOf(page.getByRole('table')))[0]?.slice(0, 3)).toEqual([target.type, 'failed', '500']);
    expect(await accessibilityOf(page)).toEqual([]);

    await page.getByRole('link', called(target.type)).click();
    await page.getByText('The receiver failed while it worked on it (500).').waitFor();
    await page.getByText('Every attempt of the retry schedule was used up.').waitFor();
    await page.getByText('"oops": "no room left"').waitFor();
    const attempts = page.getByRole('navigation', called('Attempts')).getByRole('button');
    expect(await attempts.count()).toBe(2);
    await attempts.first().click();
    const first = page.getByRole('region', called('Attempt 1'));
    const phases = first.getByRole('region', called('Where the time went')).getByRole('listitem');
    await phases.filter({ hasText: /^Until the first byte of the answer: \d/ }).waitFor();
    await phases.filter({ hasText: /^Name, connection, TLS: \d/ }).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);

    receiver.always(200);
    await page.getByRole('button', called('Retry')).click();
    await page.getByText('It arrived.').waitFor();
    await eventually(async () => (await attempts.count()) === 3, 'the third attempt is shown');
    expect(JSON.parse(receiver.received[2]?.body.toString() ?? '')).toMatchObject({ data: { orderId: "it's 1042" } });

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', called('Copy as curl')).click();
    const command = await eventually(
      () => page.evaluate<string>('navigator.clipboard.readText()'),
      'the command is in the clipboard',
    );
    expect(command).toContain(`curl -X POST '${receiver.url}'`);
    // What was sent, byte for byte, as a shell reads it.
    expect(command).toContain(receiver.received[2]?.body.toString().replaceAll("'", String.raw`'\''`));
  });

  it('says whom an event reached, and why not the others', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const target = await scene.deliveries.target(receiver.url);
    await scene.server.webhook(receiver.url, [target.type], {
      filter: { data: { total: { $gte: 100 } } },
      description: 'large ones',
    });
    const { id, eventId } = await scene.deliveries.settled(await target.send({ total: 5 }));
    const unheard = await scene.deliveries.dispatch(`nobody.${randomUUID()}`);

    const page = await scene.signedIn(`deliveries/${id}`);
    const reach = page.getByRole('table', called('Webhooks and why each got the event, or why not'));
    await reach.getByText('Its filter did not let it through: data.total.$gte is to be 100.').waitFor();
    await reach.getByText('It subscribes to this type.').waitFor();
    await page.getByRole('link', called(eventId)).click();
    await page.getByRole('heading', called(target.type)).waitFor();

    await page.getByRole('navigation', called('Pages')).getByRole('link', called('Deliveries')).click();
    await page.getByLabel('Find by id', EXACTLY).fill('0000');
    await page.keyboard.press('Enter');
    await page.getByText('Neither a delivery nor an event has this id.').waitFor();
    await page.getByLabel('Find by id', EXACTLY).fill(unheard);
    await page.keyboard.press('Enter');
    await reach.getByText('It does not subscribe to this type.').first().waitFor();
    expect(await reach.getByText('It subscribes to this type.').count()).toBe(0);
    expect(await accessibilityOf(page)).toEqual([]);
  });

  it('goes back in time page by page, by the keyboard too, and forward again as the browser does', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const target = await scene.deliveries.target(receiver.url);
    const events = Array.from({ length: 60 }, (_, n) => ({ event: target.type, data: { n } }));
    await scene.server.api('POST', '/api/events/batch', { events });
    const page = await scene.signedIn(`deliveries?event=${target.type}`);
    const rows = page.getByRole('row').filter({ hasText: target.type });
    const shown = (count: number) => eventually(async () => (await rows.count()) === count, `${count} rows are shown`);
    await shown(50);
    await page.getByRole('button', called('Older')).click();
    await shown(10);
    expect(await page.getByRole('button', called('Older')).count()).toBe(0);
    await page.goBack();
    await shown(50);
    await rows.first().getByRole('link').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', called(`${target.type} success`)).waitFor();

    await page.goto(`${scene.url}#/deliveries?event=${target.type}&until=2020-01-01T00:00:00Z`);
    await page.getByRole('heading', called('No delivery matches')).waitFor();
    await page.getByRole('button', called('Clear')).click();
    await shown(50);
  });
});
