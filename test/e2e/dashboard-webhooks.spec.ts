// Webhooks on the dashboard, as somebody uses it who has a receiver to connect and nobody to ask.
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, called, describeDashboard, EXACTLY, openPart } from './dashboard.harness.js';

describeDashboard('webhooks on the dashboard', (scene) => {
  it('are added, their secret shown once, and tried with a test event that verifies with it', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const page = await scene.signedIn('webhooks');
    await page.getByRole('link', called('Add a webhook')).first().click();
    await page.getByLabel('URL', EXACTLY).fill('nonsense');
    await page.getByLabel('Events', EXACTLY).fill('order.*, invoice.paid');
    await page.getByRole('button', called('Add it')).click();
    await page.getByRole('alert').getByText('Invalid URL.', EXACTLY).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByLabel('URL', EXACTLY).fill(receiver.url);
    await page.getByLabel('Description', EXACTLY).fill('The shop’s ERP');
    await page.getByRole('button', called('Add it')).click();

    const secret = await page.getByRole('region', called('Signing secret')).innerText();
    expect(secret).toMatch(/^whsec_/);
    await page.getByRole('tab', called('TypeScript')).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('region', called('Python example')).getByText('pip install standardwebhooks').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('link', called('I have kept it: go on')).click();
    await page.getByRole('heading', called(`${receiver.url} active`)).waitFor();
    expect(await page.content()).not.toContain(secret);

    await page.getByRole('button', called('Send a test event')).click();
    const { body, headers } = await receiver.next();
    new Webhook(secret).verify(body.toString(), headers as Record<string, string>);
    await page.getByText('It arrived.').waitFor();
  });

  it('are filtered by what is tried while it is written', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const { id } = await scene.server.webhook(receiver.url, ['order.completed']);
    const page = await scene.signedIn(`webhooks/${id}`);
    await page.getByRole('link', called('Edit')).click();
    const trial = page.getByRole('region', called('Try it'));
    await trial.getByText('It would get this event.').waitFor();
    await openPart(page, 'What is sent');
    await page.getByLabel('Filter', EXACTLY).fill('{ "data": { "total": { "$gte": 1000 } } }');
    await trial.getByText('It would not: data.total.$gte is to be 1000.').waitFor();
    await page.getByLabel('Data to try', EXACTLY).fill('{ "total": 1000 }');
    await trial.getByText('It would get this event.').waitFor();
    await page.getByLabel('Event type to try', EXACTLY).fill('invoice.paid');
    await trial.getByText('It would not: it does not subscribe to this type.').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Save')).click();
    await page.getByRole('region', called('Filter')).waitFor();
    const { body } = await scene.server.api<{ filter: object }>('GET', `/api/webhooks/${id}`);
    expect(body.filter).toEqual({ data: { total: { $gte: 1000 } } });
  });

  it('are sent again what they missed: counted first, then watched', async () => {
    const receiver = await scene.deliveries.receiver(400);
    const target = await scene.deliveries.target(receiver.url);
    for (const n of [1, 2, 3]) await scene.deliveries.settled(await target.send({ n }));
    receiver.always(200);
    const page = await scene.signedIn(`webhooks/${target.webhookId}`);
    await page.getByRole('button', called('Replay')).click();
    await page.getByRole('button', called('Count them')).click();
    await page.getByText('3 deliveries would be sent again.').waitFor();
    expect(receiver.received.length).toBe(3);
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Send 3 again')).click();
    await page.getByText('All of them are on their way.').waitFor();
    await page.getByText('3 of 3').waitFor();
    await eventually(() => receiver.received.length === 6, 'all three arrive');
  });

  it('are rotated, disabled, enabled and deleted', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const { id, secret } = await scene.server.webhook(receiver.url, [`test.${randomUUID()}`]);
    const page = await scene.signedIn('webhooks');
    await page.getByRole('link', called(receiver.url.replace('http://', ''))).click();
    await page.getByRole('button', called('Rotate')).click();
    await page.getByLabel('The old ones sign along', EXACTLY).selectOption('1h');
    await page.getByRole('button', called('Make a new secret')).click();
    const shown = await page.getByRole('region', called('Signing secret')).innerText();
    expect(shown).toMatch(/^whsec_/);
    expect(shown).not.toBe(secret);
    await page.getByRole('button', called('I have kept it')).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.getByRole('button', called('Disable')).click();
    await page.getByText('disabled', EXACTLY).waitFor();
    await page.getByRole('button', called('Enable')).click();
    await page.getByText('active', EXACTLY).waitFor();

    await page.getByRole('button', called('Delete')).click();
    await page.getByRole('button', called('Keep it')).click();
    await page.getByRole('button', called('Delete')).click();
    await page.getByRole('button', called('Delete it')).click();
    await page.getByRole('heading', called('Webhooks')).waitFor();
    expect((await scene.server.api('GET', `/api/webhooks/${id}`)).status).toBe(404);
  });

  it('are shown with how they do, and changed by nobody who may not', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const target = await scene.deliveries.target(receiver.url, { rateLimit: { max: 2, perSeconds: 3_600 } });
    receiver.answers(400);
    await scene.deliveries.settled(await target.send());
    await scene.deliveries.settled(await target.send());
    await target.send();
    await scene.counted(2, target.webhookId);
    const { body } = await scene.server.api<{ url: string }>('POST', '/api/portal-sessions', {
      sections: ['webhooks', 'deliveries'],
      readOnly: true,
    });
    const page = await scene.tab();
    await page.goto(`${scene.url}#${body.url.split('#')[1]}`);
    await page.getByRole('navigation', called('Pages')).getByRole('link', called('Webhooks')).click();
    const row = page.getByRole('row').filter({ hasText: receiver.url.replace('http://', '') });
    await row.getByText('50 %').waitFor();
    await row.getByRole('img', called('2 attempts, 1 failed')).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await row.getByRole('link').click();
    await page.getByRole('heading', called(`${receiver.url} active`)).waitFor();
    const stats = page.getByRole('region', called('Attempts'));
    await stats.getByRole('img', called('Attempts over time: 2 in all, of which 1 failed')).waitFor();
    const rate = stats.locator('.numbers div').filter({ hasText: 'Success rate' }).locator('dd');
    expect(await rate.innerText()).toBe('50 %');
    const waiting = stats.locator('.numbers div').filter({ hasText: 'Waiting' }).locator('dd');
    expect(await waiting.innerText()).toBe('1');
    await stats.getByLabel('Time', EXACTLY).selectOption('1h');
    await page.waitForURL(/range=1h/);
    expect(await accessibilityOf(page)).toEqual([]);
    expect(await page.getByRole('button', { name: /test event|Disable|Rotate|Delete|Replay/ }).count()).toBe(0);
  });
});
