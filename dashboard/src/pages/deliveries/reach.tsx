// Whom an event reached, and why not the others.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Explanation, Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { StatusChip } from '../../components/chip';
import { Notice } from '../../components/notice';
import { Table } from '../../components/table';
import { hrefOf } from '../../routing/route';
import { explainVerdict } from './explain';

interface Props {
  readonly eventId: string;
  readonly nameOf: (webhookId: string) => string;
}

export function Reach({ eventId, nameOf }: Props) {
  const [cursor, setCursor] = useState<string>();
  const path = `events/${encodeURIComponent(eventId)}/webhooks`;
  const { value, error } = useResource(
    (signal) => api.get<Page<Explanation>>(path, { cursor }, signal),
    [path, cursor],
  );
  return (
    <section class="stack">
      <h2>Who got this event, and why</h2>
      {error && <Notice tone="bad">{error}</Notice>}
      {value?.data.length === 0 && <p class="muted">There is no webhook yet.</p>}
      {value && value.data.length > 0 && (
        <Table
          caption="Webhooks and why each got the event, or why not"
          rows={value.data}
          idOf={({ webhookId, deliveryId }) => deliveryId ?? webhookId}
          columns={[
            {
              title: 'Webhook',
              cell: ({ webhookId }) => <a href={hrefOf(`webhooks/${webhookId}`)}>{nameOf(webhookId)}</a>,
            },
            {
              title: 'Delivery',
              cell: ({ deliveryId, status }) =>
                deliveryId && status ? (
                  <a href={hrefOf(`deliveries/${deliveryId}`)}>
                    <StatusChip status={status} />
                  </a>
                ) : (
                  <span class="muted">none</span>
                ),
            },
            {
              title: 'Why',
              cell: (explanation) => (
                <>
                  {explainVerdict(explanation)}
                  {explanation.changedSince && <span class="muted"> It was changed since.</span>}
                </>
              ),
            },
          ]}
        />
      )}
      {value?.nextCursor && (
        <div class="row">
          <Button onClick={() => setCursor(value.nextCursor ?? undefined)}>More webhooks</Button>
        </div>
      )}
    </section>
  );
}
