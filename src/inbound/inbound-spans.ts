// The spans of receiving: the webhook that came in, and each run of a handler, in the trace of its received event.
import { SpanKind, trace } from '@opentelemetry/api';
import { beginSpan, isTraced } from '../platform/observability/index.js';
import type { OpenSpan } from '../platform/observability/index.js';
import type { ClaimedRun, StoredEvent } from './handler-runs.repository.js';
import type { VerifiedWebhook } from './webhook.js';

/** From this status on a server's answer is a failure. */
const SERVER_ERROR = 500;

/**
 * Begins the span of a webhook that was verified; what was not makes none, so that strangers cannot fill a store of traces.
 * `undefined` where nobody takes spans.
 *
 * Where the host traces its requests, it is a part of that. Else it begins a trace, and the sender's `traceparent` is a link: who signs
 * webhooks does not say what of ours is sampled, nor into which trace it goes.
 */
export function beginReceive({ source, provider, request }: VerifiedWebhook): OpenSpan | undefined {
  if (!isTraced()) return undefined;
  const isPart = trace.getActiveSpan() !== undefined;
  const { traceparent } = request.headers;
  return beginSpan('posthorn receive', {
    kind: isPart ? SpanKind.INTERNAL : SpanKind.SERVER,
    link: !isPart && typeof traceparent === 'string' ? traceparent : undefined,
    attributes: {
      'http.request.method': request.method,
      'http.route': '/webhooks/:source',
      'posthorn.source.name': source.name,
      'posthorn.provider': provider.name,
    },
  });
}

/** Ends it with the status that the sender was answered. */
export const endReceive = (span: OpenSpan, status: number | undefined): void =>
  span.end({
    attributes: { 'http.response.status_code': status },
    ...(status !== undefined && status >= SERVER_ERROR && { error: String(status) }),
  });

/** Begins the span of a handler's run, in whichever process and however late; `undefined` where nobody takes spans. */
export function beginRun(event: StoredEvent, { handler, attempt }: ClaimedRun): OpenSpan | undefined {
  if (!isTraced()) return undefined;
  return beginSpan('posthorn handle', {
    kind: SpanKind.CONSUMER,
    parent: event.traceparent,
    attributes: {
      'messaging.system': 'posthorn',
      'messaging.operation.name': 'handle',
      'messaging.operation.type': 'process',
      'messaging.destination.name': event.type,
      'messaging.message.id': event.id,
      'posthorn.source.name': event.source,
      'posthorn.handler': handler,
      'posthorn.attempt.number': attempt,
    },
  });
}
