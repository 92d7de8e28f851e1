// The span of a dispatch: from here on an event has a trace, that of whoever dispatches it, or one of its own.
import { SpanKind } from '@opentelemetry/api';
import type { NewEvent } from '../delivery/index.js';
import { PosthornError } from '../kernel/errors.js';
import { beginSpan, isTraced } from '../platform/observability/index.js';
import type { OpenSpan } from '../platform/observability/index.js';

/**
 * Begins it for events that are dispatched together; `undefined` where nobody takes spans.
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function beginDispatch(events: readonly (NewEvent | PosthornError)[]): OpenSpan | undefined {
  if (!isTraced()) return undefined;
  const [first] = events;
  return beginSpan('posthorn dispatch', {
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'posthorn',
      'messaging.operation.name': 'dispatch',
      'messaging.operation.type': 'send',
      ...(events.length === 1 && first && !(first instanceof PosthornError)
        ? { 'messaging.destination.name': first.type, 'messaging.message.id': first.id }
        : { 'messaging.batch.message_count': events.length }),
    },
  });
}

/** The event as a part of it. */
export const traced = <Event extends NewEvent | PosthornError>(event: Event, span: OpenSpan | undefined): Event =>
  span && !(event instanceof PosthornError) ? { ...event, traceparent: span.traceparent } : event;
