// Traces in an application that has OpenTelemetry's SDK: one trace from whoever dispatches, or receives, to what became of it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { Injectable } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventDispatcher, OnWebhook } from '../../src/index.js';
import type { ReceivedEvent } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import { answerOf, EXACT, post, STRIPE_SECRET, stripeEvent, stripeHeaders } from './sender.harness.js';

const taken = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(taken)] });
const tracer = provider.getTracer('a shop');

/** Sends on what it is given, in the trace of its run. */
@Injectable()
class Payments {
  constructor(private readonly dispatcher: EventDispatcher) {}

  @OnWebhook('stripe', 'payment.*')
  @OnWebhook('queued', 'payment.*')
  async paid({ type, data }: ReceivedEvent<{ id: string }>): Promise<void> {
    if (type === 'payment.broken') throw new TypeError('A text that may hold anything.');
    await this.dispatcher.dispatch('shop.paid', { payment: data.id });
  }
}

let scene: DeliveryScene;

beforeAll(async () => {
  provider.register();
  scene = await DeliveryScene.open({ stripeWebhookSecret: [STRIPE_SECRET] }, [Payments]);
});
afterEach(() => scene.closeReceivers());
afterAll(async () => {
  await scene?.close();
  await provider.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

/** The spans of one trace that have ended, by name. */
const spansOf = (traceId: string, name: string): ReadableSpan[] =>
  taken.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId && span.name === name);

/** So many spans of a trace, once they have ended. */
const ended = (traceId: string, name: string, count = 1): Promise<ReadableSpan[]> =>
  eventually(() => {
    const found = spansOf(traceId, name);
    return found.length >= count && found;
  }, `${count} × ${name} end in trace ${traceId}`);

/** Dispatches inside a span of the application; the span, and the delivery. */
async function buy(type: string): Promise<{ traceId: string; spanId: string; eventId: string }> {
  return tracer.startActiveSpan('buy', async (span) => {
    const { id } = await scene.server.get(EventDispatcher).dispatch(type, { card: 'of nobody’s business' });
    span.end();
    return { ...span.spanContext(), eventId: id };
  });
}

describe('a dispatch inside a span', () => {
  it('is a part of it, and all attempts are parts of the dispatch, those of other processes and days too', async () => {
    const receiver = await scene.receiver(200);
    receiver.answers(500);
    const target = await scene.target(`${receiver.url}?token=of-the-receiver`);
    const { traceId, spanId, eventId } = await buy(target.type);
    const deliveryId = await scene.deliveryOf(eventId, target.webhookId);
    await scene.settled(deliveryId);
    const [dispatch] = await ended(traceId, 'posthorn dispatch');
    const attempts = await ended(traceId, 'posthorn attempt', 2);
    expect(dispatch).toMatchObject({ kind: SpanKind.PRODUCER, parentSpanContext: { spanId } });
    expect(dispatch!.attributes).toEqual({
      'messaging.system': 'posthorn',
      'messaging.operation.name': 'dispatch',
      'messaging.operation.type': 'send',
      'messaging.destination.name': target.type,
      'messaging.message.id': eventId,
    });
    const about = (number: number, outcome: string, status: number): object => ({
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(receiver.url).port),
      'url.scheme': 'http',
      'messaging.system': 'posthorn',
      'messaging.destination.name': target.type,
      'messaging.message.id': eventId,
      'posthorn.webhook.id': target.webhookId,
      'posthorn.delivery.id': deliveryId,
      'posthorn.attempt.number': number,
      'posthorn.outcome': outcome,
      'http.response.status_code': status,
    });
    expect(
      attempts.map(({ kind, parentSpanContext, attributes, status: { code }, events }) => ({
        kind,
        parent: parentSpanContext?.spanId,
        attributes,
        code,
        events,
      })),
    ).toEqual([
      {
        kind: SpanKind.CLIENT,
        parent: dispatch!.spanContext().spanId,
        attributes: { ...about(1, 'server_error', 500), 'error.type': '500' },
        code: SpanStatusCode.ERROR,
        events: [],
      },
      {
        kind: SpanKind.CLIENT,
        parent: dispatch!.spanContext().spanId,
        attributes: about(2, 'success', 200),
        code: SpanStatusCode.UNSET,
        events: [],
      },
    ]);
    for (const { headers } of receiver.received) expect(headers).not.toHaveProperty('traceparent');
  });

  it('names the outcome of an attempt that got no answer', async () => {
    const receiver = await scene.receiver((_, response) => void response.destroy());
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const { traceId } = await buy(target.type);
    const [attempt] = await ended(traceId, 'posthorn attempt');
    expect(attempt!.attributes).toMatchObject({
      'posthorn.outcome': 'connection_error',
      'error.type': 'connection_error',
    });
    expect(attempt!.attributes).not.toHaveProperty('http.response.status_code');
  });

  it('of many events is one span, in the trace of which each is stored', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const traceId = await tracer.startActiveSpan('import', async (span) => {
      await scene.server.get(EventDispatcher).dispatchMany([1, 2, 3].map((n) => ({ event: target.type, data: { n } })));
      span.end();
      return span.spanContext().traceId;
    });
    await ended(traceId, 'posthorn attempt', 3);
    expect(spansOf(traceId, 'posthorn dispatch').map(({ attributes }) => attributes)).toMatchObject([
      { 'messaging.batch.message_count': 3 },
    ]);
  });

  it('that is refused says why by its code', async () => {
    const span = tracer.startSpan('buy');
    await expect(
      context.with(trace.setSpan(context.active(), span), () =>
        scene.server.get(EventDispatcher).dispatch('shop.paid', {}, { tenant: 'nobody' }),
      ),
    ).rejects.toMatchObject({ code: 'tenant_not_found' });
    const [dispatch] = await ended(span.spanContext().traceId, 'posthorn dispatch');
    expect(dispatch!.attributes).toMatchObject({ 'error.type': 'tenant_not_found' });
  });

  it('leaves instrumentations of requests nothing to trace, and no trace to tell receivers', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    // What instrumentations of undici do at this moment.
    const told: Record<string, unknown>[] = [];
    const onRequest = (message: unknown): void => {
      if ((message as { request: { origin: string } }).request.origin !== new URL(receiver.url).origin) return;
      const carrier = {};
      propagation.inject(context.active(), carrier);
      told.push({ carrier, isRecorded: tracer.startSpan('POST').isRecording() });
    };
    subscribe('undici:request:create', onRequest);
    try {
      await buy(target.type);
      await receiver.next();
    } finally {
      unsubscribe('undici:request:create', onRequest);
    }
    expect(told).toEqual([{ carrier: {}, isRecorded: false }]);
  });
});

describe('requests to webhooks', () => {
  it('carry the traceparent of their attempt where that is asked for, and the log shows it', async () => {
    const forwarding = await DeliveryScene.open({ forwardTraceparent: true });
    try {
      const receiver = await forwarding.receiver(200);
      const target = await forwarding.target(receiver.url);
      const deliveryId = await target.send();
      const { headers } = await receiver.next();
      const [, traceId = '', spanId] = String(headers.traceparent).split('-');
      const [attempt] = await ended(traceId, 'posthorn attempt');
      expect(attempt!.spanContext().spanId).toBe(spanId);
      const { attempts } = await forwarding.settled(deliveryId);
      expect(attempts[0]!.request.headers).toMatchObject({
        traceparent: headers.traceparent,
        'webhook-id': expect.any(String),
      });
    } finally {
      await forwarding.close();
    }
  });
});

describe('a received webhook', () => {
  const STRANGER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
  const traceparent = `00-${STRANGER.traceId}-${STRANGER.spanId}-01`;

  const send = async (source: string, type: string, headers: Record<string, string> = { traceparent }) => {
    const { id, body } = stripeEvent(type);
    const answer = answerOf(
      await post(`${scene.server.url}/webhooks/${source}`, body, { ...stripeHeaders(body), ...headers }),
    );
    const receive = await eventually(
      () =>
        taken
          .getFinishedSpans()
          .filter(({ name }) => name === 'posthorn receive')
          .at(-1),
      'the span of receiving it ends',
    );
    return { id, answer, receive };
  };

  it('begins a trace, in which its handlers run and what they dispatch is sent; the sender’s is a link alone', async () => {
    taken.reset();
    const { answer, receive } = await send('stripe', 'payment.made');
    expect(answer).toEqual(EXACT.processed);
    const { traceId, spanId } = receive.spanContext();
    expect(receive).toMatchObject({
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/webhooks/:source',
        'posthorn.source.name': 'stripe',
        'posthorn.provider': 'stripe',
        'http.response.status_code': 200,
      },
    });
    expect(traceId).not.toBe(STRANGER.traceId);
    expect(receive.parentSpanContext).toBeUndefined();
    expect(receive.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }))).toEqual([STRANGER]);
    const [run] = await ended(traceId, 'posthorn handle');
    expect(run).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: { spanId },
      attributes: { 'posthorn.handler': 'Payments.paid', 'messaging.destination.name': 'payment.made' },
    });
    const [dispatch] = await ended(traceId, 'posthorn dispatch');
    expect(dispatch!.parentSpanContext).toMatchObject({ spanId: run!.spanContext().spanId });
  });

  it('goes on in its trace where handlers run from the queue', async () => {
    taken.reset();
    const queued = { name: 'queued', provider: 'stripe', secrets: [STRIPE_SECRET], processing: 'queued' };
    expect((await scene.server.api('POST', '/api/sources', queued)).status).toBe(201);
    const { answer, receive } = await send('queued', 'payment.made', {});
    expect(answer).toEqual(EXACT.accepted);
    expect(receive.links).toEqual([]);
    const [run] = await ended(receive.spanContext().traceId, 'posthorn handle');
    expect(run!.parentSpanContext).toMatchObject({ spanId: receive.spanContext().spanId });
  });

  it('tells of a handler that failed by the class of its error, and never by its text', async () => {
    taken.reset();
    const { answer, receive } = await send('stripe', 'payment.broken');
    expect(answer).toEqual(EXACT.failed);
    expect(receive).toMatchObject({
      attributes: { 'http.response.status_code': 500, 'error.type': '500' },
      status: { code: SpanStatusCode.ERROR },
    });
    const [run] = await ended(receive.spanContext().traceId, 'posthorn handle');
    expect(run).toMatchObject({
      attributes: { 'error.type': 'TypeError' },
      status: { code: SpanStatusCode.ERROR },
      events: [],
    });
    expect(JSON.stringify([run!.attributes, run!.status])).not.toContain('may hold anything');
  });

  it('that nobody signed makes no span', async () => {
    taken.reset();
    const { body } = stripeEvent('payment.made');
    expect(answerOf(await post(`${scene.server.url}/webhooks/stripe`, body, { traceparent }))).toEqual(EXACT.invalid);
    await send('stripe', 'payment.made');
    expect(taken.getFinishedSpans().filter(({ name }) => name === 'posthorn receive')).toHaveLength(1);
  });
});
