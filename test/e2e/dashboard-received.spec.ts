// Receiving on the dashboard, as somebody uses it whose sender says that it sent everything.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { OnWebhook } from '../../src/inbound/index.js';
import type { ReceivedEvent } from '../../src/inbound/index.js';
import { chromiumMissing } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, BUILT_WITHIN_MS, called, DashboardScene, EXACTLY, rowsOf } from './dashboard.harness.js';

/** Books what it is given, while the books are open. */
@Injectable()
class Books {
  static open = true;
  static readonly booked: string[] = [];

  @OnWebhook('shop', 'order.*', { name: 'bookkeeping', retrySchedule: [] })
  book({ data }: ReceivedEvent<{ data: { orderId: string } }>): void {
    if (!Books.open) throw new Error('the books are closed');
    Books.booked.push(data.data.orderId);
  }
}

const newSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

const missing = chromiumMissing();
if (missing) console.warn(`Receiving on the dashboard is not tested: ${missing}.`);

(missing ? describe.skip : describe)('what is received, on the dashboard', () => {
  let scene: DashboardScene;
  const secret = newSecret();

  beforeAll(async () => {
    scene = await DashboardScene.open({}, [Books]);
    await addSource('shop');
  }, BUILT_WITHIN_MS);
  afterAll(() => scene?.close());
  afterEach(() => {
    Books.open = true;
    expect(scene.browser.complaints.splice(0)).toEqual([]);
  });

  const addSource = async (name: string, more: object = {}): Promise<void> => {
    const source = { name, provider: 'standard-webhooks', secrets: [secret], ...more };
    expect((await scene.server.api('POST', '/api/sources', source)).status).toBe(201);
  };

  /** Sends what a shop sends, signed; the answer's status, and the id it was sent under. */
  const send = async (address: string, type: string, signedWith = secret) => {
    const id = `msg_${randomUUID()}`;
    const body = JSON.stringify({ type, data: { orderId: id } });
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': `${Math.floor(Date.now() / 1_000)}`,
      'webhook-signature': new Webhook(signedWith).sign(id, new Date(), body),
    };
    const { status } = await fetch(address, { method: 'POST', body, headers });
    return { id, status };
  };
  const shop = () => `${scene.server.url}/webhooks/shop`;

  it('begins with a source: added, given to the sender, its secret rotated, the old one retired, and deleted', async () => {
    const page = await scene.signedIn('received/sources');
    await page.getByRole('link', called('Add a source')).first().click();
    await page.getByLabel('Provider', EXACTLY).selectOption('hmac');
    await page.getByLabel('Secret', EXACTLY).fill('one secret');
    await page.getByRole('button', called('Add it')).click();
    await page.getByRole('alert').getByText('header').waitFor();
    await page.getByLabel('Provider', EXACTLY).selectOption('standard-webhooks');
    const given = page.getByLabel('Name', EXACTLY);
    await eventually(async () => (await given.inputValue()) === 'standard-webhooks', 'the name follows the provider');
    expect(await accessibilityOf(page)).toEqual([]);
    const name = `shop-${randomUUID()}`;
    await page.getByLabel('Name', EXACTLY).fill(name);
    await page.getByLabel('Secret', EXACTLY).fill(secret);
    await page.getByRole('button', called('Add it')).click();

    await page.getByRole('heading', called(name)).waitFor();
    const address = await page.getByRole('region', called('Address')).innerText();
    expect((await send(address, 'cart.filled')).status).toBe(200);
    const fresh = newSecret();
    await page.getByRole('button', called('Rotate the secret')).click();
    await page.getByLabel('New secret', EXACTLY).fill(fresh);
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Take it')).click();
    const retire = page.getByRole('region', called('Secrets')).getByRole('button');
    await eventually(async () => (await retire.count()) === 2, 'both secrets are shown');
    // Replicas learn of a change within a second.
    await eventually(async () => (await send(address, 'cart.filled', fresh)).status === 200, 'the new secret is taken');
    await retire.last().click();
    await eventually(async () => (await retire.count()) === 0, 'one secret is left');
    await eventually(async () => (await send(address, 'cart.filled')).status === 401, 'the old secret is not taken');
    expect(await page.content()).not.toContain(fresh);

    await page.getByRole('button', called('Delete')).click();
    await page.getByRole('button', called('Delete it')).click();
    await page.getByRole('heading', called('Sources')).waitFor();
    expect((await scene.server.api('GET', `/api/sources/${name}`)).status).toBe(404);
  });

  it('shows what a handler failed at, and runs it again once it is mended', async () => {
    Books.open = false;
    const { id } = await send(shop(), 'order.paid');
    await send(shop(), 'cart.emptied');
    const page = await scene.signedIn('received');
    await page.getByRole('row').filter({ hasText: 'cart.emptied' }).waitFor();
    await page.getByLabel('Status', EXACTLY).selectOption('failed');
    await page.getByRole('row').filter({ hasText: 'cart.emptied' }).waitFor({ state: 'detached' });
    await page.waitForURL(/status=failed/);
    const [[type, status, source] = []] = await rowsOf(page.getByRole('table'));
    expect([type, status, source]).toEqual(['order.paid', 'failed', 'shop']);
    expect(await accessibilityOf(page)).toEqual([]);

    await page.getByRole('link', called('order.paid')).click();
    await page.getByText('the books are closed').waitFor();
    await page.getByRole('region', called('Body')).getByText(`"orderId": "${id}"`).waitFor();
    await page.getByRole('button', called('Raw')).click();
    await page.getByRole('region', called('Body')).getByText('{"type":"order.paid"').waitFor();
    await page.getByRole('heading', called('Headers')).click();
    await page.getByText('webhook-signature').waitFor();
    await page.getByText('[secret]').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);

    Books.open = true;
    await page.getByRole('button', called('Replay')).click();
    await page.getByText('1 handler runs again.').waitFor();
    await page.getByText('Every handler succeeded.').waitFor();
    expect(Books.booked).toContain(id);
  });

  it('is replayed all together: counted first', async () => {
    Books.open = false;
    const sent = await Promise.all([1, 2, 3].map(() => send(shop(), 'order.shipped')));
    Books.open = true;
    const page = await scene.signedIn('received?source=shop');
    await page.getByRole('row').filter({ hasText: 'order.shipped' }).first().waitFor();
    await page.getByRole('button', called('Replay')).click();
    await page.getByLabel('Of type', EXACTLY).fill('order.shipped');
    await page.getByRole('button', called('Count them')).click();
    await page.getByText('3 handlers would run again.').waitFor();
    expect(Books.booked).not.toContain(sent[0]?.id);
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Run 3 again')).click();
    await page.getByText('3 handlers run again').waitFor();
    await eventually(() => sent.every(({ id }) => Books.booked.includes(id)), 'all three are booked');
  });

  it('says why something never came, and goes back in time page by page', async () => {
    const name = `many-${randomUUID()}`;
    await addSource(name);
    const address = `${scene.server.url}/webhooks/${name}`;
    expect((await send(address, 'order.paid', newSecret())).status).toBe(401);
    expect((await fetch(address, { method: 'POST', body: '{}' })).status).toBe(401);
    for (let n = 0; n < 60; n++) await send(address, 'order.paid');

    const page = await scene.signedIn(`received/sources/${name}`);
    const reasons = page.getByRole('region', called('Turned away'));
    await reasons.getByText('It was signed with another secret').waitFor();
    await reasons.getByText('It was not signed').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('link', called('What it received')).click();
    const rows = page.getByRole('row').filter({ hasText: 'order.paid' });
    const shown = (count: number) => eventually(async () => (await rows.count()) === count, `${count} rows are shown`);
    await shown(50);
    await page.getByRole('button', called('Older')).click();
    await shown(10);
    await page.goBack();
    await shown(50);
    await page.getByLabel('Status', EXACTLY).selectOption('rejected');
    await page.getByRole('heading', called('Nothing that was received matches')).waitFor();
  });
});
