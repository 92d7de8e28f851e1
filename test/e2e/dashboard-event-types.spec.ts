// The catalogue on the dashboard, as somebody uses it who asks what they will be sent.
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, called, describeDashboard, EXACTLY } from './dashboard.harness.js';

describeDashboard('event types on the dashboard', (scene) => {
  it('are added, shown with who takes them, and tried with an example that arrives', async () => {
    const name = `order.${randomUUID()}`;
    const receiver = await scene.deliveries.receiver(200);
    await scene.server.webhook(receiver.url, ['order.*']);
    await scene.server.webhook(receiver.url, ['invoice.*']);
    const page = await scene.signedIn('event-types');
    await page.getByRole('heading', called('The catalogue is empty')).waitFor();
    await page.getByRole('link', called('Add an event type')).first().click();
    await page.getByLabel('Name', EXACTLY).fill(name);
    await page.getByLabel('Description', EXACTLY).fill('An order is paid.');
    await page.getByLabel('Schema', EXACTLY).fill('{ "required": ["orderId"] ');
    await page.getByText('This is not a JSON object yet.').waitFor();
    await page.getByLabel('Schema', EXACTLY).fill('{ "type": "object", "required": ["orderId"] }');
    await page.getByLabel('Example', EXACTLY).fill('{ "total": 5 }');
    await page.getByRole('button', called('Add it')).click();
    await page.getByRole('alert').getByText('orderId').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByLabel('Example', EXACTLY).fill('{ "orderId": "1042" }');
    await page.getByRole('button', called('Add it')).click();

    await page.getByRole('heading', called(`${name} in use`)).waitFor();
    await page.getByRole('region', called('Schema')).getByText('"required"').waitFor();
    const takers = page.getByRole('table', called('Webhooks that subscribe'));
    await takers.getByText('order.*').waitFor();
    expect(await takers.getByText('invoice.*').count()).toBe(0);

    await page.getByRole('button', called('Send an example')).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Data', EXACTLY).fill('{}');
    await dialog.getByRole('button', called('Send it')).click();
    await dialog.getByRole('alert').getByText('orderId').waitFor();
    await dialog.getByLabel('Data', EXACTLY).fill('{ "orderId": "1043" }');
    await dialog.getByRole('button', called('Send it')).click();
    await dialog.getByText('It goes to 1 webhook.').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    const { body } = await receiver.next();
    expect(JSON.parse(body.toString())).toMatchObject({ event: name, data: { orderId: '1043' } });
    await dialog.getByRole('link', called('See what became of it')).click();
    await page.getByText('It subscribes to this type.').waitFor();
  });

  it('are imported from an OpenAPI document, pasted or as a file: first what it would do, then done', async () => {
    const [kept, fresh] = [`kept.${randomUUID()}`, `fresh.${randomUUID()}`];
    await scene.server.api('POST', '/api/event-types', { name: kept });
    const operation = { post: { description: 'Of the document.', responses: { 200: { description: 'Received.' } } } };
    const document = JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Shop', version: '1.0.0' },
      webhooks: { [kept]: operation, [fresh]: operation },
    });
    const page = await scene.signedIn('event-types');
    await page.getByRole('link', called('Import')).click();
    await page.getByLabel('Document', EXACTLY).fill('{ "openapi": "3.1.0" ');
    await page.getByText('This is not a JSON object yet.').waitFor();
    await page.getByLabel('Document', EXACTLY).fill('{ "openapi": "2.0" }');
    await page.getByRole('button', called('See what it would do')).click();
    await page.getByRole('alert').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page
      .getByLabel('File', EXACTLY)
      .setInputFiles({ name: 'shop.json', mimeType: 'application/json', buffer: Buffer.from(document) });
    await eventually(
      async () => (await page.getByLabel('Document', EXACTLY).inputValue()) === document,
      'the file is shown',
    );
    await page.getByRole('button', called('See what it would do')).click();
    await page.getByText(`1 would be added: ${fresh}`).waitFor();
    await page.getByText(`1 would be changed: ${kept}`).waitFor();
    expect((await scene.server.api('GET', `/api/event-types/${fresh}`)).status).toBe(404);
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Import them')).click();
    await page.getByText(`1 added: ${fresh}`).waitFor();
    expect((await scene.server.api('GET', `/api/event-types/${fresh}`)).status).toBe(200);
    await page.getByRole('link', called('See them')).click();
    await page.getByRole('row').filter({ hasText: fresh }).getByText('Of the document.').waitFor();
  });

  it('say when they are deprecated, archived, and taken by nobody; and are changed by nobody who may not', async () => {
    const [old, gone] = [`old.${randomUUID()}`, `gone.${randomUUID()}`];
    await scene.server.api('POST', '/api/event-types', { name: old, deprecated: true });
    await scene.server.api('POST', '/api/event-types', { name: gone });
    const page = await scene.signedIn(`event-types/type/${gone}`);
    await page.getByText('Nobody yet.').waitFor();
    await page.getByRole('button', called('Send an example')).click();
    await page.getByRole('button', called('Send it')).click();
    await page.getByText('It was stored, and went to nobody: no webhook takes it.').waitFor();
    await page.getByRole('dialog').getByRole('button', called('Close')).last().click();
    await page.getByRole('link', called('Edit')).click();
    await page.getByRole('checkbox', { name: /^Archived:/ }).check();
    await page.getByRole('button', called('Save')).click();
    await page.getByText('It is archived').waitFor();

    const { body } = await scene.server.api<{ key: string }>('POST', '/api/api-keys', {
      name: 'looks only',
      scopes: ['event-types:read'],
    });
    const reader = await scene.signedIn('event-types', body.key);
    await reader.getByRole('row').filter({ hasText: old }).getByText('deprecated').waitFor();
    await reader.getByRole('row').filter({ hasText: gone }).getByText('archived').waitFor();
    expect(await accessibilityOf(reader)).toEqual([]);
    await reader.getByRole('link', called(old)).click();
    await reader.getByText('It is deprecated').waitFor();
    expect(await reader.getByRole('button', { name: /Send|Delete/ }).count()).toBe(0);

    await page.getByRole('button', called('Delete')).click();
    await page.getByRole('button', called('Delete it')).click();
    await page.getByRole('heading', called('Event types')).waitFor();
    expect((await scene.server.api('GET', `/api/event-types/${gone}`)).status).toBe(404);
  });
});
