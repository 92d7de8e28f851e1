// What is sent in the place of an event: made once per delivery by the expression of its webhook, signed, and the same bytes
// at every attempt.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { ClaimedDelivery } from '../../src/delivery/claim/claimed-delivery.js';
import { TransformedBodies } from '../../src/delivery/events/transformed-bodies.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Received } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

interface Transformed extends Delivery {
  readonly transformed: string | null;
}

/** What transforming looks at of a delivery. */
type Needed =
  | 'id'
  | 'number'
  | 'tenantId'
  | 'webhookId'
  | 'eventId'
  | 'eventType'
  | 'occurredAt'
  | 'url'
  | 'format'
  | 'transformation'
  | 'isTransformed';

const TEXT = '{ "text": "Order " & data.orderId & " of " & $string(data.total) }';
const ENDLESS = '($f := function($n) { $f($n + 1) }; $f(0))';
const DATA = { orderId: 'o-1', total: 250 };

let scene: DeliveryScene;
let receiver: TestReceiver;
beforeAll(async () => {
  scene = await DeliveryScene.open({ publicUrl: 'https://hooks.example' });
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await scene?.close();
  await receiver?.close();
});

const detail = (id: string): Promise<Transformed> => scene.delivery(id) as Promise<Transformed>;
const patch = (id: string, change: object) => scene.server.api('PATCH', `/api/webhooks/${id}`, change);
const json = ({ body }: Received): unknown => JSON.parse(body.toString());

describe('a webhook with a transformation', () => {
  it('gets what the expression makes, signed as it is; others get the event', async () => {
    const { type, secret, webhookId } = await scene.target(receiver.url, { transformation: TEXT });
    const plain = await TestReceiver.start();
    await scene.server.webhook(plain.url, [type]);
    const eventId = await scene.dispatch(type, DATA);
    const request = await receiver.next();
    expect(request.body.toString()).toBe('{"text":"Order o-1 of 250"}');
    expect(request.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': eventId });
    // Throws where the signature is not over these bytes.
    new StandardWebhook(secret).verify(request.body.toString(), request.headers as Record<string, string>);
    expect(json(await plain.next())).toMatchObject({ id: eventId, event: type, data: DATA });
    await plain.close();
    const id = await scene.deliveryOf(eventId, webhookId);
    await scene.settled(id);
    expect(await detail(id)).toMatchObject({ status: 'success', transformed: '{"text":"Order o-1 of 250"}' });
    expect((await scene.server.api('GET', `/api/webhooks/${webhookId}`)).body).toMatchObject({ transformation: TEXT });
  });

  it('sends the same bytes at every attempt, whatever became of its expression', async () => {
    const dice = '{ "roll": $random(), "at": $millis() }';
    const failing = await scene.receiver(500);
    const target = await scene.target(failing.url, {
      transformation: dice,
      retrySchedule: ['50ms', '50ms', '7d'],
    });
    const id = await target.send(DATA);
    await eventually(() => failing.received.length >= 3, 'three attempts are made');
    await patch(target.webhookId, { transformation: TEXT });
    await scene.becomes(id, 'retrying');
    failing.always(200);
    await scene.retry(id);
    await scene.settled(id);
    await patch(target.webhookId, { transformation: null });
    await scene.retry(id);
    await eventually(() => failing.received.length === 5, 'it is sent once more');
    const bodies = new Set(failing.received.map(({ body }) => body.toString()));
    expect([...bodies]).toEqual([(await detail(id)).transformed]);
    expect([...bodies][0]).toContain('roll');
    // What is dispatched from now on is the event again.
    await target.send(DATA);
    await eventually(() => failing.received.length === 6, 'the next event arrives');
    expect(json(failing.received[5]!)).toMatchObject({ data: DATA });
  });

  it('sends the same bytes even where a claim that was given back is still being transformed', async () => {
    const target = await scene.target((await scene.receiver(() => undefined)).url, {
      transformation: '{ "roll": $random() }',
      retrySchedule: ['7d'],
    });
    const id = await target.send(DATA);
    const { transformed, eventId } = await eventually(async () => {
      const delivery = await detail(id);
      return delivery.transformed !== null && delivery;
    }, 'it is transformed');
    const late: Pick<ClaimedDelivery, Needed> = {
      id,
      number: 1,
      tenantId: 'default',
      webhookId: target.webhookId,
      eventId,
      eventType: target.type,
      occurredAt: new Date(),
      url: receiver.url,
      format: 'cloudevents-structured',
      transformation: '"late"',
      isTransformed: false,
    };
    const sent = await scene.server.get(TransformedBodies).of(late as ClaimedDelivery, JSON.stringify(DATA));
    expect({ body: sent.body.toString(), format: sent.format }).toEqual({ body: transformed, format: 'native' });
    expect((await detail(id)).transformed).toBe(transformed);
  });

  it('stays a CloudEvent where it asks for one: the expression makes its data', async () => {
    for (const format of ['cloudevents-structured', 'cloudevents-binary']) {
      const target = await scene.target(receiver.url, { transformation: TEXT, format });
      await target.send(DATA);
      const request = await receiver.next();
      const made = { text: 'Order o-1 of 250' };
      if (format === 'cloudevents-binary') {
        expect(json(request)).toEqual(made);
        expect(request.headers).toMatchObject({ 'ce-type': target.type, 'ce-source': 'https://hooks.example' });
      } else
        expect(json(request)).toMatchObject({
          specversion: '1.0',
          type: target.type,
          source: 'https://hooks.example',
          data: made,
        });
    }
  });

  it('says of the same bytes the same at every attempt, whatever format it asks for by then', async () => {
    const formats = ['native', 'cloudevents-structured', 'cloudevents-binary'];
    for (const [at, format] of formats.entries()) {
      const failing = await scene.receiver(500);
      const target = await scene.target(failing.url, { transformation: TEXT, format, retrySchedule: ['7d'] });
      const id = await target.send(DATA);
      await scene.becomes(id, 'retrying');
      await patch(target.webhookId, { format: formats[(at + 1) % formats.length] });
      failing.always(200);
      await scene.retry(id);
      const { attempts } = await scene.becomes(id, 'success');
      const [first, second] = failing.received.map((request) => ({
        body: request.body.toString(),
        type: request.headers['content-type'],
        ce: request.headers['ce-type'],
      }));
      expect(second).toEqual(first);
      expect(attempts[1]?.request.headers['Content-Type']).toBe(first?.type);
      // What is dispatched from now on is in the other format.
      await target.send(DATA);
      await eventually(() => failing.received.length === 3, 'the next event arrives');
      const { body, headers } = failing.received[2]!;
      expect({ body: body.toString(), type: headers['content-type'], ce: headers['ce-type'] }).not.toEqual(first);
    }
  });

  it('whose body the version before this one stored has the headers of its webhook', async () => {
    const failing = await scene.receiver(500);
    const format = 'cloudevents-structured';
    const target = await scene.target(failing.url, { transformation: TEXT, format, retrySchedule: ['7d'] });
    const id = await target.send(DATA);
    await scene.becomes(id, 'retrying');
    await scene.sql('UPDATE posthorn.delivery SET transformed_format = NULL WHERE id = $1', [id]);
    failing.always(200);
    await scene.retry(id);
    await scene.becomes(id, 'success');
    const [first, second] = failing.received.map(({ headers }) => headers['content-type']);
    expect(second).toBe(first);
  });

  it('that fails sends nothing, says why, and is tried again by its schedule', async () => {
    const target = await scene.target(receiver.url, {
      transformation: '$number(data.orderId)',
      retrySchedule: ['1ms', '7d'],
    });
    const before = receiver.received.length;
    const id = await target.send(DATA);
    const failed = await eventually(async () => {
      const delivery = await detail(id);
      return delivery.attempts.length === 2 && delivery.status === 'retrying' && delivery;
    }, 'two attempts fail');
    expect(failed).toMatchObject({ transformed: null, lastHttpStatus: null });
    for (const attempt of failed.attempts)
      expect(attempt).toMatchObject({
        outcome: 'transformation_error',
        error: expect.stringMatching(/^The transformation failed: Unable to cast value to a number/),
        request: { headers: {} },
        response: null,
      });
    expect(receiver.received.length).toBe(before);
    await patch(target.webhookId, { transformation: TEXT });
    await scene.retry(id);
    expect(json(await receiver.next())).toEqual({ text: 'Order o-1 of 250' });
    expect(await scene.settled(id)).toMatchObject({ status: 'success', attemptCount: 3 });
  });

  it('that never ends costs its own deliveries, and no others', async () => {
    const endless = await scene.target(receiver.url, { transformation: ENDLESS, retrySchedule: [] });
    const fine = await scene.target(receiver.url, { transformation: TEXT });
    const ids = [await endless.send(DATA), await endless.send(DATA)];
    await fine.send(DATA);
    expect(json(await receiver.next())).toEqual({ text: 'Order o-1 of 250' });
    for (const id of ids)
      expect(await scene.settled(id)).toMatchObject({
        status: 'failed',
        attempts: [{ outcome: 'transformation_error', error: expect.stringContaining('it took longer than 1000 ms') }],
      });
  });

  it('keeps nothing of what it made once the payload is erased', async () => {
    const { type, webhookId } = await scene.target(receiver.url, { transformation: TEXT });
    const eventId = await scene.dispatch(type, DATA);
    const id = await scene.deliveryOf(eventId, webhookId);
    await scene.settled(id);
    await receiver.next();
    expect((await scene.server.api('DELETE', `/api/events/${eventId}/data`)).status).toBe(204);
    expect(await detail(id)).toMatchObject({ status: 'success', transformed: null });
  });
});

describe('an expression that cannot be read', () => {
  it('is refused when a webhook is made and when it is changed, with the place', async () => {
    const { webhookId } = await scene.target(receiver.url);
    for (const transformation of ['{ "text": ', '', '$ ~> |']) {
      const refusal = {
        error: expect.stringContaining('The transformation is not valid'),
        code: 'invalid_transformation',
      };
      const made = await scene.server.api('POST', '/api/webhooks', {
        url: receiver.url,
        events: ['*'],
        transformation,
      });
      expect(made).toMatchObject({ status: 400, body: refusal });
      expect(await patch(webhookId, { transformation })).toMatchObject({ status: 400, body: refusal });
    }
    const long = await patch(webhookId, { transformation: `"${'x'.repeat(8_192)}"` });
    expect(long).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  });
});

describe('test-transformation', () => {
  it('shows what would be sent, by the expression of the webhook or by another', async () => {
    const { webhookId } = await scene.target(receiver.url, { transformation: TEXT });
    const ask = async (more: object) => {
      const body = { event: 'order.paid', data: DATA, ...more };
      return (await scene.server.api('POST', `/api/webhooks/${webhookId}/test-transformation`, body)).body;
    };
    expect(await ask({})).toEqual({ result: { text: 'Order o-1 of 250' }, error: null });
    expect(await ask({ transformation: 'event' })).toEqual({ result: 'order.paid', error: null });
    expect(await ask({ transformation: null })).toMatchObject({
      result: { event: 'order.paid', data: DATA },
      error: null,
    });
    expect(await ask({ transformation: '{' })).toEqual({
      result: null,
      error: expect.stringMatching(/^The transformation failed: .+ \(at character 1\)$/),
    });
    const foreign = await scene.server.api(
      'POST',
      `/api/webhooks/${webhookId}/test-transformation`,
      { event: 'order.paid', data: DATA },
      { tenant: 'acme' },
    );
    expect(foreign.status).toBe(404);
  });

  it('holds no connection while an expression is slow, or waits for its turn', async () => {
    const { webhookId } = await scene.target(receiver.url);
    const body = { event: 'order.paid', data: DATA, transformation: ENDLESS };
    // One second each, one after the other: together longer than anybody waits for a connection.
    const slow = Array.from({ length: 8 }, () =>
      scene.server.api('POST', `/api/webhooks/${webhookId}/test-transformation`, body),
    );
    await Promise.any(slow);
    expect(await scene.server.api('GET', `/api/webhooks/${webhookId}`)).toMatchObject({ status: 200 });
    await Promise.all(slow);
  });
});
