// The overview: what one sees who asks whether all is well.
import { expect, it } from '@jest/globals';
import { accessibilityOf, called, describeDashboard, EXACTLY, rowsOf } from './dashboard.harness.js';

describeDashboard('the overview of the dashboard', (scene) => {
  it('says what to do where nothing was sent', async () => {
    await scene.server.api('POST', '/api/tenants', { id: 'quiet', name: 'Quiet' });
    const page = await scene.signedIn();
    const ofQuiet = page.waitForResponse(
      (response) => response.url().includes('/api/stats') && response.request().headers()['x-tenant'] === 'quiet',
    );
    await page.getByLabel('Tenant', EXACTLY).selectOption('quiet');
    await ofQuiet;
    await page.getByRole('heading', called('Nothing was sent in this time')).waitFor();
    expect(await page.locator('.numbers div').filter({ hasText: 'Oldest due' }).locator('dd').innerText()).toBe('none');
    expect(await accessibilityOf(page)).toEqual([]);
  });

  it('shows how many attempts succeed, how long they take, and who fails most', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const target = await scene.deliveries.target(receiver.url);
    receiver.answers(400);
    for (let n = 0; n < 4; n++) await scene.deliveries.settled(await target.send({ n }));
    await scene.counted(4, target.webhookId);
    const page = await scene.signedIn('overview');
    const number = (title: string) => page.locator('.numbers div').filter({ hasText: title }).locator('dd').innerText();
    await page.getByRole('img', called('Attempts over time: 4 in all, of which 1 failed')).waitFor();
    expect(await number('Success rate')).toBe('75 %');
    expect(await number('p95')).toMatch(/^\d+(\.\d)? (ms|s)$/);
    const failing = page.getByRole('table', called('Webhooks that fail most'));
    expect(await rowsOf(failing)).toEqual([[receiver.url.replace('http://', ''), '1', '4', '75 %']]);
    expect(await accessibilityOf(page)).toEqual([]);
    const ofAnHour = page.waitForResponse((response) => {
      const since = new URL(response.url()).searchParams.get('since');
      return since !== null && Date.now() - Date.parse(since) < 2 * 3_600_000;
    });
    await page.getByLabel('Time', EXACTLY).selectOption('1h');
    await page.waitForURL(/range=1h/);
    await ofAnHour;
    await page.getByRole('img', { name: /^Attempts over time/ }).waitFor();
    await failing.getByRole('link').click();
    await page.getByRole('heading', called('Deliveries')).waitFor();
    await page.waitForURL((url) => url.href.includes(target.webhookId));
  });

  it('follows what happens now, and stays quick while hundreds of attempts come', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const target = await scene.deliveries.target(receiver.url);
    const page = await scene.tab();
    const following = page.waitForResponse((response) => response.url().includes('/api/stream'));
    await scene.signIn(page, 'overview');
    await following;
    await target.send();
    const tail = page.getByRole('table', called('Attempts as they happen'));
    await tail.getByText(target.type).first().waitFor();

    const events = Array.from({ length: 500 }, (_, n) => ({ event: target.type, data: { n } }));
    await scene.server.api('POST', '/api/events/batch', { events });
    await page.getByText('501 attempts since you came').waitFor();
    expect(await tail.locator('tbody tr').count()).toBeLessThanOrEqual(30);
    await page.getByRole('button', called('Pause')).click();
    await page.getByRole('button', called('Go on')).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
  });
});
