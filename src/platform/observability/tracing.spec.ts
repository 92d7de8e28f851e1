import { afterEach, describe, expect, it } from '@jest/globals';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { activeTraceparent, beginSpan, inSpan, isTraced, unseen } from './tracing.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

function take(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  return exporter;
}

afterEach(() => {
  trace.disable();
  context.disable();
});

const plan = { kind: SpanKind.INTERNAL, attributes: {} };

describe('traces', () => {
  it('are on as soon as somebody takes spans, and no sooner', () => {
    expect(isTraced()).toBe(false);
    take();
    expect(isTraced()).toBe(true);
    trace.disable();
    expect(isTraced()).toBe(false);
  });

  it('take over what a parent says of sampling, and its id', () => {
    take();
    const span = beginSpan('a', { ...plan, parent: TRACEPARENT });
    expect(span.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
  });

  it.each([
    '',
    'nonsense',
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT} `,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  ])('begin anew where a parent is none: %j', (parent) => {
    const spans = take();
    beginSpan('a', { ...plan, parent, link: parent }).end();
    expect(spans.getFinishedSpans()).toMatchObject([{ parentSpanContext: undefined, links: [] }]);
  });

  it('are not continued from what is active, where a parent is given', () => {
    take();
    beginSpan('outer', plan).run(() => {
      expect(beginSpan('root', { ...plan, parent: null }).traceparent?.slice(0, 35)).not.toBe(
        activeTraceparent()?.slice(0, 35),
      );
      expect(beginSpan('inner', plan).traceparent?.slice(0, 35)).toBe(activeTraceparent()?.slice(0, 35));
    });
  });

  it('name what was thrown by its code or its class', async () => {
    const spans = take();
    for (const error of [Object.assign(new Error('secret'), { code: 'away' }), new RangeError('secret')])
      await expect(inSpan(beginSpan('a', plan), () => Promise.reject(error))).rejects.toBe(error);
    // Handlers may throw anything.
    beginSpan('a', plan).fail('secret');
    const ended = spans.getFinishedSpans();
    expect(ended.map(({ attributes }) => attributes)).toEqual(
      ['away', 'RangeError', '_OTHER'].map((type) => ({ 'error.type': type })),
    );
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => ({ code: SpanStatusCode.ERROR })));
  });

  it('have nothing of what is not to be seen', () => {
    take();
    expect(beginSpan('outer', plan).run(() => unseen(() => beginSpan('inner', plan).traceparent))).toBeUndefined();
    expect(unseen(() => 'done')).toBe('done');
  });
});
