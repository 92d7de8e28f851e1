// The dashboard as a customer meets it: by a link that somebody made, and in a frame of somebody's own page.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromiumMissing } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, BUILT_WITHIN_MS, called, DashboardScene, EXACTLY } from './dashboard.harness.js';

const missing = chromiumMissing();
if (missing) console.warn(`The portal is not tested: ${missing}.`);

/** A page of somebody else's, with one frame. */
async function framing(): Promise<{ server: Server; origin: string; show(url: string): void }> {
  let framed = '';
  const server = createServer((_, response) =>
    response
      .writeHead(200, { 'Content-Type': 'text/html' })
      .end(
        `<!doctype html><html lang="en"><title>Shop</title><iframe title="Webhooks" src="${framed}"></iframe></html>`,
      ),
  ).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, origin, show: (url) => (framed = url) };
}

(missing ? describe.skip : describe)('a portal link', () => {
  let scene: DashboardScene;
  let shop: Awaited<ReturnType<typeof framing>>;
  let stranger: Awaited<ReturnType<typeof framing>>;

  beforeAll(async () => {
    [shop, stranger] = await Promise.all([framing(), framing()]);
    scene = await DashboardScene.open({ frameAncestors: [shop.origin] });
    await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme Ltd' });
    await scene.server.webhook('https://of-default.example/hooks');
    const ours = { url: 'https://of-acme.example/hooks', events: ['order.*'] };
    await scene.server.api('POST', '/api/webhooks', ours, { tenant: 'acme' });
  }, BUILT_WITHIN_MS);
  afterAll(async () => {
    await scene?.close();
    for (const { server } of [shop, stranger]) server.close();
  });
  afterEach(() => {
    expect(scene.browser.complaints.splice(0)).toEqual([]);
  });

  const link = async (asked: object = {}) => {
    const { body } = await scene.server.api<{ id: string; url: string }>('POST', '/api/portal-sessions', asked, {
      tenant: 'acme',
    });
    return body;
  };

  it('is made on the dashboard, opens its parts for its tenant in its colour, and nothing once it is over', async () => {
    const admin = await scene.signedIn('settings/portal');
    await admin.getByLabel('Tenant', EXACTLY).selectOption('acme');
    await admin.getByText('for Acme Ltd').waitFor();
    for (const part of ['Overview', 'Event types']) await admin.getByRole('checkbox', called(part)).uncheck();
    await admin.getByLabel('To look at only', EXACTLY).check();
    await admin.getByLabel('Accent colour', EXACTLY).fill('green');
    await admin.getByRole('button', called('Make a link')).click();
    await admin.getByRole('alert').getByText('accent must be a colour').waitFor();
    expect(await accessibilityOf(admin)).toEqual([]);
    await admin.getByLabel('Accent colour', EXACTLY).fill('#0b6e4f');
    await admin.getByLabel('Theme', EXACTLY).selectOption('light');
    await admin.getByRole('button', called('Make a link')).click();
    const url = await admin.getByRole('region', called('Link')).innerText();
    expect(await admin.getByRole('region', called('Frame')).innerText()).toContain(`<iframe src="${url}"`);
    expect(await accessibilityOf(admin)).toEqual([]);

    const page = await scene.tab();
    await page.goto(url);
    const pages = page.getByRole('navigation', called('Pages'));
    await pages.waitFor();
    await page.waitForURL((url) => !url.href.includes('token'));
    expect(await pages.getByRole('link').allInnerTexts()).toEqual(['Deliveries', 'Webhooks']);
    await pages.getByRole('link', called('Webhooks')).click();
    await page.getByText('of-acme.example/hooks').waitFor();
    expect(await page.getByText('of-default.example').count()).toBe(0);
    expect(await page.getByRole('link', called('Add a webhook')).count()).toBe(0);
    const accent = `getComputedStyle(document.documentElement).getPropertyValue('--accent')`;
    expect(await page.evaluate(accent)).toContain('#0b6e4f');
    expect(await accessibilityOf(page)).toEqual([]);
    await page.goto(`${scene.url}#/settings`);
    await page.getByRole('heading', called('There is nothing here')).waitFor();

    await admin.getByRole('button', called('End it now')).click();
    await admin.getByText('It is over').waitFor();
    // Replicas remember a session for up to a second.
    await eventually(async () => {
      await page.reload();
      await page.locator('main').waitFor();
      return page.getByText('This link is not valid any more.').isVisible();
    }, 'the page says that the link is not valid');
  });

  it('opens in a frame of whom FRAME_ANCESTORS names', async () => {
    const { url } = await link({ sections: ['webhooks'] });
    shop.show(url);
    const page = await scene.browser.tab(scene.server.url);
    await page.goto(shop.origin);
    const frame = page.frameLocator('iframe');
    await frame.getByText('of-acme.example/hooks').waitFor();
    // The page around it is not the dashboard's own origin.
    const asked = scene.browser.complaints.splice(0).filter((each) => !each.startsWith(`asked ${shop.origin}`));
    expect(asked).toEqual([]);
  });

  it('opens in no other frame', async () => {
    const { url } = await link({ sections: ['webhooks'] });
    stranger.show(url);
    const page = await scene.browser.tab(scene.server.url);
    const refused = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    await page.goto(stranger.origin);
    await refused;
    expect(await page.frameLocator('iframe').getByText('of-acme.example').count()).toBe(0);
    scene.browser.complaints.splice(0);
  });
});
