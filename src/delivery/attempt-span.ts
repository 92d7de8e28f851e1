// The span of an attempt: the HTTP request that a receiver got, in the trace of its event.
import { SpanKind } from '@opentelemetry/api';
import { beginSpan, isTraced } from '../platform/observability/index.js';
import type { OpenSpan, SpanEnd } from '../platform/observability/index.js';
import type { ClaimedDelivery } from './claim/claimed-delivery.js';
import type { TransportResult } from './transport/transport.js';

/**
 * Begins it; `undefined` where nobody takes spans. Of the URL only the host: paths and queries of webhooks hold what only their
 * owner is to know. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 *
 * Later attempts are children of the dispatch as the first is: who looks at a trace sees all that became of an event.
 */
export function beginAttempt(delivery: ClaimedDelivery, startTime: number): OpenSpan | undefined {
  if (!isTraced()) return undefined;
  const { hostname, port, protocol } = new URL(delivery.url);
  return beginSpan('posthorn attempt', {
    kind: SpanKind.CLIENT,
    parent: delivery.traceparent,
    startTime,
    attributes: {
      'http.request.method': 'POST',
      'server.address': hostname,
      'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      'url.scheme': protocol.slice(0, -1),
      'messaging.system': 'posthorn',
      'messaging.destination.name': delivery.eventType,
      'messaging.message.id': delivery.eventId,
      'posthorn.webhook.id': delivery.webhookId,
      'posthorn.delivery.id': delivery.id,
      'posthorn.attempt.number': delivery.number,
    },
  });
}

/** What it came to. */
export const attemptEnd = ({ outcome, httpStatus }: TransportResult): SpanEnd => ({
  attributes: {
    'posthorn.outcome': outcome,
    ...(httpStatus !== undefined && { 'http.response.status_code': httpStatus }),
  },
  ...(outcome !== 'success' && { error: httpStatus === undefined ? outcome : String(httpStatus) }),
});
