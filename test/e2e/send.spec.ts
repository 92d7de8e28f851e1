import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ retrySchedule: ['50ms', '100ms'] });
});
afterAll(() => server.close());

interface Delivery {
  id: string;
  status: string;
  reason: string | null;
  attemptCount: number;
  attempts: { number: number; outcome: string; httpStatus: number | null }[];
}

describe('sending an event', () => {
  it('delivers it once, signed so that standardwebhooks, svix and a plain HMAC accept it', async () => {
    const receiver = await TestReceiver.start();
    const { secret } = await server.webhook(receiver.url, ['order.*']);
    const data = { orderId: '1042', note: 'Grüße 🎉', nested: { z: 1, a: [1.5, null] } };
    const { status, body: event } = await server.api<{ id: string; deliveries: number }>('POST', '/api/events', {
      event: 'order.completed',
      data,
    });
    expect({ status, deliveries: event.deliveries }).toEqual({ status: 202, deliveries: 1 });

    const request = await receiver.next();
    const text = request.body.toString();
    expect(JSON.parse(text)).toEqual({
      id: event.id,
      event: 'order.completed',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data,
    });
    const headers = request.headers as Record<string, string>;
    expect(new StandardWebhook(secret).verify(text, headers)).toBeTruthy();
    expect(new SvixWebhook(secret).verify(text, headers)).toBeTruthy();
    expect(headers['x-webhook-signature']).toBe(
      `sha256=${createHmac('sha256', secret).update(request.body).digest('hex')}`,
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(request.body.length),
      'user-agent': expect.stringMatching(/^Posthorn\/\d/),
      'x-webhook-event': 'order.completed',
      'x-webhook-attempt': '1',
      'webhook-id': event.id,
    });
    expect(() => new StandardWebhook(secret).verify(text.replace('1042', '1043'), headers)).toThrow();

    const delivery = await eventually(async () => {
      const { body } = await server.api<Delivery>('GET', `/api/deliveries/${headers['x-webhook-delivery']}`);
      return body.status === 'success' && body;
    }, 'the delivery becomes success');
    expect(delivery.attempts).toMatchObject([{ number: 1, outcome: 'success', httpStatus: 200 }]);
    await receiver.close();
  });

  it('retries with the same body and ids, the next attempt number and a fresh signature', async () => {
    const receiver = await TestReceiver.start();
    receiver.answers(500, 503);
    const { secret } = await server.webhook(receiver.url, ['retry.me']);
    await server.api('POST', '/api/events', { event: 'retry.me', data: { n: 1 } });
    const requests = [await receiver.next(), await receiver.next(), await receiver.next()];
    expect(requests.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2', '3']);
    expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
    expect(new Set(requests.map(({ headers }) => headers['x-webhook-delivery'])).size).toBe(1);
    for (const { body, headers } of requests) {
      new StandardWebhook(secret).verify(body.toString(), headers as Record<string, string>);
    }
    await receiver.close();
  });
});
