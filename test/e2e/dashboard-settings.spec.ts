// Settings on the dashboard, as its administrator uses them.
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, called, describeDashboard, EXACTLY, rowsOf } from './dashboard.harness.js';

describeDashboard('settings on the dashboard', (scene) => {
  it('make a key that may do what was chosen, shown once, and revoke it', async () => {
    const page = await scene.signedIn('settings');
    await page.getByRole('heading', called('No API key yet')).waitFor();
    await page.getByRole('button', called('Make an API key')).click();
    await page.getByLabel('Name', EXACTLY).fill('the shop');
    await page.getByRole('checkbox', { name: /^webhooks:read:/ }).check();
    await page.getByLabel('It expires', EXACTLY).selectOption('30');
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Make it')).click();
    const key = await page.getByRole('region', called('API key')).innerText();
    await page.getByRole('button', called('I have kept it')).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(key);
    expect((await scene.server.api('GET', '/api/webhooks', undefined, { key })).status).toBe(200);
    expect((await scene.server.api('GET', '/api/deliveries', undefined, { key })).status).toBe(403);
    await page.getByRole('button', called('Revoke the shop')).waitFor();
    const [[name, scopes, , , , expires] = []] = await rowsOf(page.getByRole('table'));
    expect(name).toContain('the shop');
    expect(scopes).toBe('webhooks:read');
    expect(expires).not.toBe('never');
    expect(await accessibilityOf(page)).toEqual([]);

    await page.getByRole('button', called('Revoke the shop')).click();
    await page.getByRole('button', called('Revoke it')).click();
    await page.getByRole('heading', called('No API key yet')).waitFor();
    // Replicas remember a key for up to a second.
    await eventually(
      async () => (await scene.server.api('GET', '/api/webhooks', undefined, { key })).status === 401,
      'the key is refused',
    );
  });

  it('add a tenant, limit it, act for it, and delete it once its id was typed', async () => {
    const id = `acme-${randomUUID()}`;
    const page = await scene.signedIn('settings/tenants');
    await page.getByRole('button', called('Add a tenant')).click();
    await page.getByLabel('Id', EXACTLY).fill('Not An Id');
    await page.getByLabel('Name', EXACTLY).fill('Acme');
    await page.getByLabel('Most webhooks', EXACTLY).fill('many');
    await page.getByText('This is not a whole number.').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByLabel('Most webhooks', EXACTLY).fill('0');
    await page.getByRole('button', called('Add it')).click();
    await page.getByRole('alert').getByText('id must be').waitFor();
    await page.getByLabel('Id', EXACTLY).fill(id);
    await page.getByRole('button', called('Add it')).click();
    await page.getByRole('row').filter({ hasText: id }).getByText('at most 0').waitFor();

    await page.getByRole('button', called('Edit Acme')).click();
    await page.getByLabel('Name', EXACTLY).fill('Acme Ltd');
    await page.getByRole('button', called('Save')).click();
    await page.getByRole('button', called('Switch to Acme Ltd')).click();
    await eventually(
      async () => (await page.getByLabel('Tenant', EXACTLY).inputValue()) === id,
      'the page acts for the tenant',
    );
    await page.getByRole('navigation', called('Settings')).getByRole('link', called('Tenants')).click();
    expect(await accessibilityOf(page)).toEqual([]);

    await page.getByRole('button', called('Delete Acme Ltd')).click();
    const remove = page.getByRole('button', called('Delete it'));
    expect(await remove.isDisabled()).toBe(true);
    await page.getByLabel(`Type ${id} to delete it`, EXACTLY).fill(id);
    await remove.click();
    await eventually(
      async () => (await page.getByLabel('Tenant', EXACTLY).inputValue()) === 'default',
      'the page acts for the tenant that is always there',
    );
    expect((await scene.server.api('GET', `/api/tenants/${id}`)).status).toBe(404);
  });

  it('say who changed what', async () => {
    const { id } = await scene.server.webhook('https://shop.example/hooks', ['order.*']);
    await scene.server.api('PATCH', `/api/webhooks/${id}`, { description: 'of the shop' });
    const page = await scene.signedIn('settings/audit-log');
    await page.getByLabel('To what', EXACTLY).fill(id);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.href.includes(`resource=${id}`));
    const table = page.getByRole('table', called('Changes, newest first'));
    await eventually(async () => (await rowsOf(table)).length === 2, 'both changes of the webhook are shown');
    const [[, who, what, , changes] = []] = await rowsOf(table);
    expect([who, what, changes]).toEqual(['admin', 'webhook.updated', 'description: null → "of the shop"']);
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByLabel('What was done', EXACTLY).fill('webhook.vanished');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', called('No change matches')).waitFor();
  });

  it('seal secrets anew, show how far that is, and say what it came to', async () => {
    const { id } = await scene.server.webhook('https://shop.example/hooks');
    const page = await scene.signedIn('settings/encryption');
    await page.getByText(/^All of \d+ secrets? under the first key\.$/).waitFor();
    // Under a key that nobody has.
    await scene.deliveries.sql(
      `INSERT INTO posthorn.webhook_secret (id, tenant_id, webhook_id, ciphertext, hint, expires_at)
       SELECT gen_random_uuid(), tenant_id, webhook_id, '\\x00', hint, now() FROM posthorn.webhook_secret WHERE webhook_id = $1`,
      [id],
    );
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route('**/api/encryption/re-encrypt', async (route) => {
      await held;
      await route.continue();
    });
    await page.reload();
    await page.getByText(/^\d+ of \d+ secrets under the first key\.$/).waitFor();
    await page.getByRole('button', called('Seal all secrets anew')).click();
    await page.getByRole('progressbar', called('Secrets are sealed anew')).waitFor();
    await page.getByText('0 of 1', EXACTLY).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    letGo();
    await page.getByText('0 secrets were sealed anew.', EXACTLY).waitFor();
    await page.getByText('1 is under a key that is not there').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
  });

  it('show to a key what it may use, and nothing to one that may use nothing', async () => {
    const apiKey = async (scopes: readonly string[]) => {
      const { body } = await scene.server.api<{ key: string }>('POST', '/api/api-keys', { name: 'of a test', scopes });
      return body.key;
    };
    const maker = await scene.signedIn('settings', await apiKey(['keys:write', 'webhooks:read']));
    const parts = maker.getByRole('navigation', called('Settings')).getByRole('link');
    await parts.first().waitFor();
    expect(await parts.allInnerTexts()).toEqual(['API keys', 'Portal links']);
    await maker.getByRole('button', called('Make an API key')).click();
    await maker.getByRole('checkbox', { name: /^keys:write:/ }).waitFor();
    expect(await maker.getByRole('dialog').getByRole('checkbox').count()).toBe(2);

    const other = await scene.signedIn('settings', await apiKey(['webhooks:read']));
    await other.getByRole('heading', called('This key does not open this page')).waitFor();
  });
});
