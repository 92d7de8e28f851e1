// Traces, by OpenTelemetry's API alone: whoever runs the process decides whether there is an SDK behind it. Where there is none, who
// asks `isTraced` first makes nothing at all. No secret, payload, full URL or text of an error may stand in an attribute.
import { context, createContextKey, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { isSpanContextValid, ProxyTracerProvider } from '@opentelemetry/api';
import type { Attributes, Context, Link, Span, SpanContext, SpanKind, TimeInput } from '@opentelemetry/api';
import { VERSION } from '../../kernel/version.js';

/** https://www.w3.org/TR/trace-context/#traceparent-header, of which there is one version. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What stands behind the API while nobody has registered anything. */
const NOBODY = new ProxyTracerProvider().getDelegate();

/** By which the SDK, and the instrumentations that it comes with, know what is not to be traced. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** A span that is to begin. */
interface SpanPlan {
  readonly kind: SpanKind;
  /** A `traceparent`, `null` for the beginning of a trace. @defaultValue what is active here */
  readonly parent?: string | null;
  /** A `traceparent` that has to do with it, and of which it is no part. */
  readonly link?: string;
  readonly startTime?: TimeInput;
  readonly attributes: Attributes;
}

/** What is known of a span at its end. */
export interface SpanEnd {
  readonly attributes?: Attributes;
  /** Of a closed list: the span failed. */
  readonly error?: string;
}

/** Whether anybody takes spans. An application may begin to at any time. */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  // One of another copy of the API was registered by somebody.
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== NOBODY;
}

/** Begins a span. It has to be ended. */
export function beginSpan(name: string, { kind, parent, link, startTime, attributes }: SpanPlan): OpenSpan {
  const from = parent === undefined ? context.active() : contextOf(parent);
  const links = linksTo(link);
  const span = trace.getTracer('posthorn', VERSION).startSpan(name, { kind, startTime, links, attributes }, from);
  return new OpenSpan(span, trace.setSpan(from, span));
}

/** Does the work in a span, which ends with it; `tell` says how. Without a span it does the work alone. */
export async function inSpan<Result>(
  span: OpenSpan | undefined,
  work: () => Promise<Result>,
  tell?: (result: Result) => SpanEnd,
): Promise<Result> {
  if (!span) return work();
  try {
    const result = await span.run(work);
    span.end(tell?.(result));
    return result;
  } catch (error) {
    span.fail(error);
    throw error;
  }
}

/** The `traceparent` of what is active here; `undefined` where nothing is. */
export const activeTraceparent = (): string | undefined => traceparentOf(trace.getActiveSpan()?.spanContext());

/**
 * Does the work so that the instrumentations of a host neither trace it nor put a `traceparent` of theirs on requests: what is sent to
 * receivers is for us to say.
 */
export const unseen = <Result>(work: () => Result): Result =>
  isTraced() ? context.with(context.active().setValue(SUPPRESSED, true), work) : work();

/** A span that has begun. */
export class OpenSpan {
  constructor(
    private readonly span: Span,
    private readonly context: Context,
  ) {}

  /** `undefined` where the span is of no trace, as while tracing is suppressed. */
  get traceparent(): string | undefined {
    return traceparentOf(this.span.spanContext());
  }

  /** Does the work as a part of it. */
  run<Result>(work: () => Result): Result {
    return context.with(this.context, work);
  }

  end({ attributes, error }: SpanEnd = {}): void {
    if (attributes) this.span.setAttributes(attributes);
    if (error !== undefined) this.span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }

  /** Ends it with the code or the class of what was thrown; its text may hold anything. */
  fail(error: unknown): void {
    const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
    this.end({ error: typeof code === 'string' ? code : typeof name === 'string' ? name : '_OTHER' });
  }
}

function contextOf(traceparent: string | null): Context {
  const remote = traceparent === null ? undefined : spanContextOf(traceparent);
  return remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
}

function linksTo(traceparent: string | undefined): Link[] {
  const linked = traceparent === undefined ? undefined : spanContextOf(traceparent);
  return linked ? [{ context: linked }] : [];
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent) ?? [];
  const read = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(read) ? read : undefined;
}

function traceparentOf(span: SpanContext | undefined): string | undefined {
  if (!span || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}
