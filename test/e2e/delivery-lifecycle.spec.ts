// Webhooks that change while deliveries wait: what is sent then, where, and signed with what.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { eventually } from '../setup/eventually.js';
import type { Received } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 16 });
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

const api = async <Body = Record<string, unknown>>(method: string, path: string, body?: unknown) => {
  const answer = await scene.server.api<Body>(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};

const plainSignatureOf = (secret: string, { body }: Received): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** Which of these secrets a request is signed with, in the order of its signatures. */
function signers(request: Received, secrets: Record<string, string>): string[] {
  const all = String(request.headers['webhook-signature']).split(' ');
  return all.map((signature) => {
    const headers = { ...(request.headers as Record<string, string>), 'webhook-signature': signature };
    const found = Object.entries(secrets).find(([, secret]) => {
      try {
        return new StandardWebhook(secret).verify(request.body.toString(), headers);
      } catch {
        return false;
      }
    });
    return found?.[0] ?? 'nobody';
  });
}

describe('a retry', () => {
  it('goes to the URL that the webhook has by then', async () => {
    const moved = await scene.receiver(200);
    const old = await scene.receiver((_, response) => {
      api('PATCH', `/api/webhooks/${target.webhookId}`, { url: moved.url }).then(
        () => response.writeHead(500).end(),
        (error: Error) => response.writeHead(404).end(error.message),
      );
    });
    const target = await scene.target(old.url);
    const delivery = await scene.settled(await target.send());
    expect(delivery).toMatchObject({
      status: 'success',
      attempts: [{ request: { url: old.url } }, { request: { url: moved.url } }],
    });
    expect([old.received.length, moved.received.length]).toEqual([1, 1]);
  });

  it('is signed with the secrets that live by then, and only those', async () => {
    let rotated = { id: '', secret: '' };
    const receiver = await scene.receiver(200);
    receiver.answers((_, response) => {
      void (async () => {
        const { secrets } = await api<{ secrets: { id: string }[] }>('GET', `/api/webhooks/${target.webhookId}`);
        rotated = await api('POST', `/api/webhooks/${target.webhookId}/secrets`);
        await api('DELETE', `/api/webhooks/${target.webhookId}/secrets/${secrets[0]?.id}`);
        response.writeHead(500).end();
      })();
    });
    const target = await scene.target(receiver.url);
    await scene.settled(await target.send());
    const [first, second] = [await receiver.next(), await receiver.next()];
    const secrets = { old: target.secret, new: rotated.secret };
    expect([signers(first, secrets), signers(second, secrets)]).toEqual([['old'], ['new']]);
    expect(second.headers['x-webhook-signature']).toBe(plainSignatureOf(rotated.secret, second));
  });

  it('during a rotation carries one signature per live secret, newest first, and the plain one of the oldest', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const second = await api<{ secret: string }>('POST', `/api/webhooks/${target.webhookId}/secrets`);
    const third = await api<{ secret: string }>('POST', `/api/webhooks/${target.webhookId}/secrets`);
    const secrets = { first: target.secret, second: second.secret, third: third.secret };
    await target.send();
    const during = await receiver.next();
    expect(signers(during, secrets)).toEqual(['third', 'second', 'first']);
    expect(during.headers['x-webhook-signature']).toBe(plainSignatureOf(target.secret, during));

    await scene.sql(
      'UPDATE posthorn.webhook_secret SET expires_at = now() WHERE webhook_id = $1 AND expires_at IS NOT NULL',
      [target.webhookId],
    );
    await target.send();
    const after = await receiver.next();
    expect(signers(after, secrets)).toEqual(['third']);
    expect(after.headers['x-webhook-signature']).toBe(plainSignatureOf(third.secret, after));
  });

  it('is made of the webhook’s present policy: a schedule set meanwhile counts', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h', '1h', '1h'] });
    const id = await target.send();
    await scene.becomes(id, 'retrying');
    await api('PATCH', `/api/webhooks/${target.webhookId}`, { retrySchedule: [] });
    expect((await scene.retry(id)).status).toBe(202);
    expect(await scene.settled(id)).toMatchObject({ status: 'failed', attemptCount: 2 });
  });
});

describe('a webhook', () => {
  it('disabled while deliveries wait has them skipped, and gets nothing more', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const ids = [await target.send(), await target.send()];
    for (const id of ids) await scene.becomes(id, 'retrying');
    await api('POST', `/api/webhooks/${target.webhookId}/disable`);
    for (const id of ids) {
      const delivery = await scene.becomes(id, 'skipped');
      expect(delivery).toMatchObject({ reason: 'webhook_disabled', attemptCount: 1, nextAttemptAt: null });
    }
    expect(receiver.received).toHaveLength(2);
  });

  it('disabled by SQL, as another replica does it, has its deliveries skipped at the last moment before sending', async () => {
    const receiver = await scene.receiver(200);
    receiver.answers((_, response) => {
      void scene
        .sql('UPDATE posthorn.webhook SET active = false WHERE id = $1', [target.webhookId])
        .then(() => response.writeHead(500).end());
    });
    const target = await scene.target(receiver.url);
    expect(await scene.settled(await target.send())).toMatchObject({
      status: 'skipped',
      reason: 'webhook_disabled',
      attemptCount: 1,
    });
    expect(receiver.received).toHaveLength(1);
  });

  it.each([
    ['disabled', 'POST', '/disable', 200],
    ['deleted', 'DELETE', '', 200],
    ['gone', undefined, '', 410],
  ])('%s, sends nothing of what was claimed ahead', async (_, method, path, status) => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const inFlight = await scene.claimedAhead(receiver, target);
    const count = receiver.received.length;
    receiver.always(status);
    if (method !== undefined) await api(method, `/api/webhooks/${target.webhookId}${path}`);
    for (const response of inFlight) response.writeHead(status).end();
    await eventually(
      async () => (await scene.whatBecameOf(target.webhookId))['skipped 0'] === 500 - count,
      'all others are skipped',
    );
    expect(receiver.received).toHaveLength(count);
  });

  it('disabled by a process that only answers HTTP, gets nothing of what the workers had claimed ahead', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const inFlight = await scene.claimedAhead(receiver, target);
    const count = receiver.received.length;
    receiver.always(200);
    const other = await startTestServer({ databaseUrl: scene.server.databaseUrl, role: 'api' });
    try {
      await other.api('POST', `/api/webhooks/${target.webhookId}/disable`);
      await eventually(async () => {
        const logged = await scene.sql(`SELECT FROM posthorn.delivery WHERE webhook_id = $1 AND status = 'sending'`, [
          target.webhookId,
        ]);
        return logged.length === inFlight.length;
      }, 'what waited is given back');
      for (const response of inFlight) response.writeHead(200).end();
      await eventually(
        async () => (await scene.whatBecameOf(target.webhookId))['skipped 0'] === 500 - count,
        'all others are skipped',
      );
      expect(receiver.received).toHaveLength(count);
    } finally {
      await other.close();
    }
  });

  it('deleted while deliveries wait has them skipped, and their log stays', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const id = await target.send();
    await scene.becomes(id, 'retrying');
    await api('DELETE', `/api/webhooks/${target.webhookId}`);
    expect(await scene.becomes(id, 'skipped')).toMatchObject({
      reason: 'webhook_deleted',
      attempts: [{ number: 1, outcome: 'server_error' }],
    });
    expect(await scene.retry(id)).toMatchObject({ status: 409 });
    const eventId = await scene.dispatch(target.type);
    const { body } = await scene.server.api('GET', `/api/events/${eventId}`);
    expect(body).toMatchObject({ deliveries: [] });
  });

  it('disabled at dispatch has the delivery skipped at once; enabled, the next one is sent', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url, { active: false });
    const answer = await scene.server.api('POST', '/api/events', { event: target.type, data: {} });
    expect(answer).toMatchObject({ status: 202, body: { deliveries: 0 } });
    const [skipped] = await scene.logged(target.type);
    expect(skipped).toMatchObject({
      status: 'skipped',
      reason: 'webhook_disabled',
      attemptCount: 0,
      nextAttemptAt: null,
    });
    await api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success' });
    expect(receiver.received).toHaveLength(1);
  });
});
