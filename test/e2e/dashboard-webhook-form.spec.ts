// Everything that can be said of how a webhook is sent to, said in the form, and seen at the receiver.
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Page } from 'playwright-core';
import { TestAuthority } from '../setup/certificates.js';
import { eventually } from '../setup/eventually.js';
import { accessibilityOf, called, describeDashboard, EXACTLY, openPart } from './dashboard.harness.js';

describeDashboard('the form of a webhook', (scene) => {
  /** The form says what is set in the words of the webhook's own page: only the heading tells the two apart. */
  const saved = async (page: Page, url: string): Promise<void> => {
    await page.getByRole('button', called('Save')).click();
    await page.getByRole('heading', called(`${url} active`)).waitFor();
  };

  it('makes one that is authenticated, transformed, signed by a private key and tried again as it says', async () => {
    const receiver = await scene.deliveries.receiver(200);
    receiver.answers(404);
    const type = `order.${randomUUID()}`;
    const page = await scene.signedIn('webhooks/new');
    await page.getByLabel('URL', EXACTLY).fill(receiver.url);
    await page.getByLabel('Events', EXACTLY).fill(type);
    await openPart(page, 'What is sent');
    await page.getByLabel('Transformation', EXACTLY).fill('{ "text": "Order " & data.orderId }');
    await openPart(page, 'Authentication');
    await page.getByLabel('Authenticated by', EXACTLY).selectOption('basic');
    await page.getByLabel('User', EXACTLY).fill('posthorn');
    await page.getByLabel('Password', EXACTLY).fill('p4ss:word');
    await openPart(page, 'Headers');
    await page.getByLabel('Headers of every request', EXACTLY).fill('X-Api-Key: k-1234\nX-Shop: of: Anna');
    await openPart(page, 'Retries');
    await page.getByLabel('Tried again', EXACTLY).selectOption('own');
    await page.getByLabel('Waits before each retry', EXACTLY).fill('20ms');
    await page.getByLabel('Answers that are tried again', EXACTLY).fill('default, 404');
    await openPart(page, 'Pace');
    await openPart(page, 'Signature');
    await page.getByLabel('Signed with', EXACTLY).selectOption('ed25519');
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByRole('button', called('Add it')).click();
    await page
      .getByRole('region', called('Public key'))
      .getByText(/^whpk_/)
      .waitFor();
    expect(await page.getByRole('region', called('Signing secret')).count()).toBe(0);
    await page.getByRole('link', called('I have kept it: go on')).click();
    await page.getByText('User and password, as posthorn', EXACTLY).waitFor();
    await page.getByText('X-Api-Key, X-Shop', EXACTLY).waitFor();
    await page.getByText('after 20ms', EXACTLY).waitFor();
    expect(await page.content()).not.toMatch(/p4ss|k-1234/);

    await scene.deliveries.dispatch(type, { orderId: 1042 });
    for (const attempt of ['1', '2']) {
      const { headers, body } = await receiver.next();
      expect(headers).toMatchObject({
        authorization: `Basic ${Buffer.from('posthorn:p4ss:word').toString('base64')}`,
        'x-api-key': 'k-1234',
        'x-shop': 'of: Anna',
        'x-webhook-attempt': attempt,
        'webhook-signature': expect.stringMatching(/^v1a,/),
      });
      expect(JSON.parse(body.toString())).toEqual({ text: 'Order 1042' });
    }
  });

  it('keeps what is stored and never shown, unless it is replaced', async () => {
    const receiver = await scene.deliveries.receiver(200);
    const target = await scene.deliveries.target(receiver.url, {
      authentication: { type: 'bearer', token: 'the-first.token' },
      headers: { 'X-Api-Key': 'k-1' },
    });
    const page = await scene.signedIn(`webhooks/${target.webhookId}/edit`);
    await page.getByLabel('Description', EXACTLY).fill('The shop’s ERP');
    await saved(page, receiver.url);
    await target.send();
    expect((await receiver.next()).headers).toMatchObject({
      authorization: 'Bearer the-first.token',
      'x-api-key': 'k-1',
    });

    await page.getByRole('link', called('Edit')).click();
    await openPart(page, 'Authentication');
    await page.getByText('A token. What is secret of it is never shown.', EXACTLY).waitFor();
    await page.getByLabel('Authenticated by', EXACTLY).selectOption('bearer');
    await page.getByText('Once it is saved, this replaces what is stored, all of it.', EXACTLY).waitFor();
    await page.getByLabel('Token', EXACTLY).fill('the-next.token');
    await openPart(page, 'Headers');
    await page.getByRole('checkbox', called('Keep them as they are')).uncheck();
    await page.getByLabel('Headers of every request', EXACTLY).fill('X-Other: o-1');
    expect(await accessibilityOf(page)).toEqual([]);
    await saved(page, receiver.url);
    await page.getByText('X-Other', EXACTLY).waitFor();
    await target.send();
    const { headers } = await receiver.next();
    expect(headers).toMatchObject({ authorization: 'Bearer the-next.token', 'x-other': 'o-1' });
    expect(headers).not.toHaveProperty('x-api-key');
    expect(await page.content()).not.toContain('the-next.token');
  });

  it('presents a certificate to a receiver whose own is of an authority of its own', async () => {
    const authority = new TestAuthority();
    const [own, ours] = [authority.issue('receiver'), authority.issue('posthorn')];
    const names: unknown[] = [];
    const server = createServer(
      {
        cert: own.certificate,
        key: own.privateKey,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request, response) => {
        names.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
        request.resume();
        response.end();
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
      const { id } = await scene.server.webhook(url, [`test.${randomUUID()}`]);
      const page = await scene.signedIn(`webhooks/${id}/edit`);
      await openPart(page, 'Authentication');
      await page.getByLabel('Authenticated by', EXACTLY).selectOption('mtls');
      await page.getByLabel('Certificate', EXACTLY).fill(ours.certificate);
      await page.getByLabel('Private key', EXACTLY).fill(own.privateKey);
      await page.getByLabel('Authority of the receiver', EXACTLY).fill(authority.certificate);
      await page.getByRole('button', called('Save')).click();
      await page.getByRole('alert').getByText('It is not the key of authentication.certificate.', EXACTLY).waitFor();
      await page.getByLabel('Private key', EXACTLY).fill(ours.privateKey);
      await saved(page, url);
      await page.getByText('A client certificate of CN=posthorn, receiver trusted by CN=Test authority').waitFor();
      await page.getByRole('button', called('Send a test event')).click();
      await page.getByText('It arrived.', EXACTLY).waitFor();
      expect(names).toEqual(['posthorn']);
    } finally {
      server.closeAllConnections();
      server.close();
      authority.close();
    }
  });

  it('says at each field why it was refused, and takes each once it is mended', async () => {
    const url = 'https://shop.example/hooks';
    const { id } = await scene.server.webhook(url, ['order.*']);
    const page = await scene.signedIn(`webhooks/${id}/edit`);
    const fill = (label: string, text: string) => page.getByLabel(label, EXACTLY).fill(text);
    await openPart(page, 'Pace');
    await fill('Requests at once', '0');
    await fill('Attempts at most', '100');
    await openPart(page, 'Pace');
    await openPart(page, 'Retries');
    await fill('Longest wait', 'for ever');
    await fill('Time to answer', '5 hours');
    await fill('Worth sending for', '1y');
    await fill('Answers that are tried again', '200');
    await fill('Chance in each wait', '2');
    await page.getByLabel('Disabled by itself', EXACTLY).selectOption('own');
    await page.getByRole('button', called('Save')).click();
    await page.getByRole('alert').getByText('It was not saved. The fields that were refused say why.').waitFor();
    const refused = page.locator('[aria-invalid=true]');
    await eventually(async () => (await refused.count()) === 8, 'each of them says that it was refused');
    // A part that was closed opens by itself.
    await page.getByText('It must not be less than 1.', EXACTLY).waitFor();
    await page.getByText('It must be a duration from 100ms to 14d, such as 10m.', EXACTLY).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);

    await fill('Requests at once', '5');
    await fill('In so many seconds', '60');
    await page.getByRole('checkbox', { name: /^In order:/ }).check();
    await page.getByLabel('Tried again', EXACTLY).selectOption('standard');
    await fill('Longest wait', '12h');
    await fill('Time to answer', '5s');
    await fill('Worth sending for', '2h');
    await fill('Answers that are tried again', 'default, !501');
    await fill('Chance in each wait', '0.1');
    await page.getByLabel('Sent', EXACTLY).selectOption('at-most-once');
    await fill('After only failing for', '3d');
    await fill('And so many attempts', '12');
    await saved(page, url);
    await page.getByText('5 at once, 100 in 60 s, in order', EXACTLY).waitFor();
    const { body } = await scene.server.api('GET', `/api/webhooks/${id}`);
    const policy = {
      maxInFlight: 5,
      rateLimit: { max: 100, perSeconds: 60 },
      ordered: true,
      retrySchedule: ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '1d'],
      retryStatuses: ['default', '!501'],
      retryJitter: 0.1,
      maxRetryWaitMs: 43_200_000,
      timeoutMs: 5_000,
      expiresAfter: '2h',
      guarantee: 'at-most-once',
      autoDisable: { after: '3d', attempts: 12 },
    };
    expect(body).toMatchObject(policy);

    // Saved once more, nothing of it is lost.
    await page.getByRole('link', called('Edit')).click();
    await fill('Description', 'seen again');
    await saved(page, url);
    await page.getByText('seen again', EXACTLY).waitFor();
    expect((await scene.server.api('GET', `/api/webhooks/${id}`)).body).toMatchObject(policy);
  });

  it('shows what a transformation makes while it is written', async () => {
    const { id } = await scene.server.webhook('https://shop.example/hooks', ['order.completed']);
    const page = await scene.signedIn(`webhooks/${id}/edit`);
    await openPart(page, 'What is sent');
    await page.getByLabel('Transformation', EXACTLY).fill('{ "text": "Total " & data.total }');
    const made = page.getByRole('region', called('What would be sent'));
    await made.getByText('"text": "Total 250"').waitFor();
    await page.getByLabel('Data to try', EXACTLY).fill('{ "total": 7 }');
    await made.getByText('"text": "Total 7"').waitFor();
    await page.getByLabel('Transformation', EXACTLY).fill('$number(event)');
    await page.getByRole('region', called('Try it')).getByText('It fails:').waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.getByLabel('Transformation', EXACTLY).fill('{ "text": ');
    await page.getByRole('button', called('Save')).click();
    await page.getByRole('alert').getByText('It was not saved. The fields that were refused say why.').waitFor();
    await page.getByLabel('Transformation', EXACTLY).and(page.locator('[aria-invalid=true]')).waitFor();
  });
});
