// How a webhook does: of its attempts, how many succeed and how long they take, over the time that is chosen, and what waits for it.
import { api } from '../../api/client';
import type { WebhookStats as Stats } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { AttemptCharts, AttemptNumbers, BacklogNumbers } from '../../components/attempt-stats';
import { Notice } from '../../components/notice';
import { TimeRange } from '../../components/time-range';
import { hrefOf } from '../../routing/route';
import { spanOf } from '../../routing/time-range';

const FALLBACK = '24h';
const REFRESH_MS = 10_000;

interface Props {
  readonly id: string;
  readonly path: string;
  readonly params: URLSearchParams;
}

export function WebhookStats({ id, path, params }: Props) {
  const { value, error, loading } = useResource(
    (signal) => api.get<Stats>(`${path}/stats`, { ...spanOf(params, FALLBACK) }, signal),
    [path, params.toString()],
    { everyMs: REFRESH_MS },
  );
  return (
    <section class="stack" aria-label="Attempts">
      <div class="row spread">
        <div class="row">
          <h2>Attempts</h2>
          <a href={hrefOf('deliveries', { webhookId: id })}>Deliveries</a>
          {value !== undefined && value.totals.failures > 0 && (
            <a href={hrefOf('deliveries', { webhookId: id, status: 'failed' })}>Failed ones</a>
          )}
        </div>
        <div class="in-head">
          <TimeRange params={params} fallback={FALLBACK} />
        </div>
      </div>
      {error && <Notice tone="bad">{error}</Notice>}
      {value ? (
        <>
          <dl class="numbers">
            <AttemptNumbers totals={value.totals} />
            <BacklogNumbers backlog={value.backlog} />
          </dl>
          {value.totals.attempts > 0 && <AttemptCharts stats={value} />}
        </>
      ) : (
        <div class="waiting" aria-busy={loading} />
      )}
    </section>
  );
}
