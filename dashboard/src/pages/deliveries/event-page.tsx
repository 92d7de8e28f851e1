// One event: what it says, and whom it reached; also where that was nobody.
import { api } from '../../api/client';
import type { EventView } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { useWebhookNames } from '../../api/webhook-names';
import { Body } from '../../components/body';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Time } from '../../components/time';
import { hrefOf } from '../../routing/route';
import { Reach } from './reach';

const BACK = { href: hrefOf('deliveries'), title: 'Deliveries' };

export function EventPage({ id }: { readonly id: string }) {
  const webhooks = useWebhookNames();
  const event = useResource((signal) => api.get<EventView>(`events/${encodeURIComponent(id)}`, {}, signal), [id]);
  const { value } = event;
  if (!value) {
    if (event.status === 404)
      return <Empty title="There is no such event">It may be older than what is kept, or another tenant’s.</Empty>;
    return event.error ? <Notice tone="bad">{event.error}</Notice> : <div class="waiting" aria-busy />;
  }
  return (
    <>
      <PageHead back={BACK} title={value.event} />
      <dl class="facts panel">
        <dt>Id</dt>
        <dd>{value.id}</dd>
        <dt>Sent</dt>
        <dd>
          <Time at={value.timestamp} />
        </dd>
        {value.idempotencyKey && (
          <>
            <dt>Idempotency key</dt>
            <dd>{value.idempotencyKey}</dd>
          </>
        )}
        {value.orderingKey && (
          <>
            <dt>Ordering key</dt>
            <dd>{value.orderingKey}</dd>
          </>
        )}
        {value.tags.length > 0 && (
          <>
            <dt>Tags</dt>
            <dd>{value.tags.join(', ')}</dd>
          </>
        )}
      </dl>
      <Reach eventId={value.id} nameOf={webhooks.nameOf} />
      <Body title="Data" text={value.data === null ? null : JSON.stringify(value.data)} />
    </>
  );
}
