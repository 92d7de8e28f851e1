// Says of each webhook of a tenant why it got an event, or why not. What happened is on record where there is a delivery;
// of the others nothing is written, because that would be a row for each webhook that an event is not for: they are asked
// anew, and the answer says whether they changed since.
import { Injectable } from '@nestjs/common';
import { EventLog } from '../../delivery/index.js';
import { timeOfId } from '../../kernel/ids.js';
import { cursorId, pageOf } from '../../platform/http/index.js';
import type { Page, PageQuery } from '../../platform/http/index.js';
import { SubscriptionsService, verdictOf } from '../../registry/index.js';
import type { Subscription } from '../../registry/index.js';
import type { WebhookExplanation } from './dto/explanation.js';

type StoredEvent = NonNullable<Awaited<ReturnType<EventLog['findOne']>>>;
type FirstDelivery = Awaited<ReturnType<EventLog['findFirstDeliveries']>>[number];

@Injectable()
export class Explanations {
  constructor(
    private readonly log: EventLog,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  async of(event: StoredEvent, { limit, cursor }: PageQuery): Promise<Page<WebhookExplanation>> {
    const subscriptions = await this.subscriptions.findPage(event.tenantId, limit + 1, cursorId(cursor));
    const { data, nextCursor } = pageOf(subscriptions, limit, ({ id }) => id);
    const ids = data.map(({ id }) => id);
    const deliveries = await this.log.findFirstDeliveries(event.tenantId, event.id, ids);
    const deliveryTo = new Map(deliveries.map((delivery) => [delivery.webhookId, delivery]));
    const explain = explainer(event);
    return { data: data.map((webhook) => explain(webhook, deliveryTo.get(webhook.id))), nextCursor };
  }
}

function explainer(event: StoredEvent) {
  const storedAt = timeOfId(event.id);
  // Parsed once, however many webhooks there are.
  const data: unknown = event.dataErasedAt ? undefined : JSON.parse(event.data.toString());
  const judged = (webhook: Subscription): Pick<WebhookExplanation, 'verdict' | 'failedClause'> => {
    const { subscribed } = verdictOf(webhook.patterns, null, { event: event.type, data, tags: [] });
    if (!subscribed) return { verdict: 'not_subscribed', failedClause: null };
    if (webhook.createdAt.getTime() > storedAt) return { verdict: 'registered_later', failedClause: null };
    if (webhook.filter && data === undefined) return { verdict: 'payload_erased', failedClause: null };
    const seen = { event: event.type, data, tags: event.tags ?? [] };
    const { failedClause } = verdictOf(webhook.patterns, webhook.filter, seen);
    return { verdict: failedClause ? 'filtered_out' : 'matches_now', failedClause };
  };
  return (webhook: Subscription, delivery: FirstDelivery | undefined): WebhookExplanation => ({
    webhookId: webhook.id,
    ...(delivery ? { verdict: happened(delivery), failedClause: null } : judged(webhook)),
    changedSince: webhook.updatedAt.getTime() > storedAt,
    deliveryId: delivery?.id ?? null,
    status: delivery?.status ?? null,
  });
}

const happened = ({ status, reason, attemptCount }: FirstDelivery): 'matched' | 'disabled' =>
  status === 'skipped' && reason === 'webhook_disabled' && attemptCount === 0 ? 'disabled' : 'matched';
