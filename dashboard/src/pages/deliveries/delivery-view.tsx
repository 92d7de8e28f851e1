// One delivery: what became of it, attempt by attempt, and trying it again.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api, sentenceOf } from '../../api/client';
import type { DeliveryDetail, EventView } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { useWebhookNames } from '../../api/webhook-names';
import { Body } from '../../components/body';
import { Button } from '../../components/button';
import { StatusChip } from '../../components/chip';
import { CopyButton } from '../../components/code';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { durationText, Time } from '../../components/time';
import { hrefOf, refine } from '../../routing/route';
import { mayDo } from '../../session/me';
import { bodyOf, curlOf } from './as-sent';
import { AttemptDetail } from './attempt-detail';
import { explainAttempt, explainDelivery } from './explain';
import { Reach } from './reach';

const FOLLOW_MS = 2_000;
const BACK = { href: hrefOf('deliveries'), title: 'Deliveries' };

export function DeliveryView({ id, me, params }: PageProps & { readonly id: string }) {
  const path = `deliveries/${encodeURIComponent(id)}`;
  const [underWay, setUnderWay] = useState(false);
  const delivery = useResource(
    async (signal) => {
      const found = await api.get<DeliveryDetail>(path, {}, signal);
      setUnderWay(found.completedAt === null);
      return found;
    },
    [path],
    { everyMs: underWay ? FOLLOW_MS : undefined },
  );
  const event = useResource(
    delivery.value && ((signal) => api.get<EventView>(`events/${delivery.value?.eventId}`, {}, signal)),
    [delivery.value?.eventId],
  );
  const webhooks = useWebhookNames();
  const { value } = delivery;
  if (!value) {
    if (delivery.status === 404)
      return <Empty title="There is no such delivery">It may be older than what is kept, or another tenant’s.</Empty>;
    return delivery.error ? <Notice tone="bad">{delivery.error}</Notice> : <div class="waiting" aria-busy />;
  }
  const chosen = value.attempts.find(({ number }) => `${number}` === params.get('attempt')) ?? value.attempts.at(-1);
  const body = event.value && bodyOf(value, event.value);
  // Until it is known what was sent, the command would leave its body out and look whole.
  const curl = (event.value ?? event.error) !== undefined && chosen && curlOf(chosen, body);
  return (
    <>
      <PageHead
        back={BACK}
        title={
          <>
            {value.event} <StatusChip status={value.status} />
          </>
        }
      >
        {curl && (
          <CopyButton text={curl} label="Copy as curl">
            Copy as curl
          </CopyButton>
        )}
        {mayDo(me, 'deliveries:write') && value.status !== 'sending' && (
          <Retry path={path} onDone={delivery.reload} waits={value.completedAt === null} />
        )}
      </PageHead>
      <p>{explainDelivery(value)}</p>
      <dl class="facts panel">
        <dt>Webhook</dt>
        <dd>
          <a href={hrefOf(`webhooks/${value.webhookId}`)}>{webhooks.nameOf(value.webhookId)}</a>
        </dd>
        <dt>Event</dt>
        <dd>
          <a href={hrefOf(`deliveries/event/${value.eventId}`)}>{value.eventId}</a>
        </dd>
        <dt>Created</dt>
        <dd>
          <Time at={value.createdAt} />
        </dd>
        <dt>{value.completedAt === null ? 'Next attempt' : 'Completed'}</dt>
        <dd>
          <Time at={value.completedAt ?? value.nextAttemptAt} />
        </dd>
        {value.replayOf && (
          <>
            <dt>Replay of</dt>
            <dd>
              <a href={hrefOf(`deliveries/${value.replayOf}`)}>{value.replayOf}</a>
            </dd>
          </>
        )}
      </dl>
      {chosen ? (
        <div class="attempts">
          <nav aria-label="Attempts">
            <ol>
              {value.attempts.map((attempt) => (
                <li key={attempt.number}>
                  <Button
                    kind="quiet"
                    pressed={attempt.number === chosen.number}
                    onClick={() => refine({ attempt: attempt.number })}
                  >
                    <span class={`dot ${attempt.outcome === 'success' ? 'good' : 'bad'}`} aria-hidden="true" />
                    <strong>Attempt {attempt.number}</strong> {attempt.httpStatus ?? attempt.error ?? attempt.outcome}
                    <span class="muted">
                      <Time at={attempt.startedAt} /> · {durationText(attempt.durationMs)}
                    </span>
                  </Button>
                </li>
              ))}
            </ol>
            {value.attemptsCursor !== null && (
              <p class="muted">
                The newest {value.attempts.length} of {value.attemptCount} attempts.
              </p>
            )}
          </nav>
          <section class="stack" aria-label={`Attempt ${chosen.number}`}>
            <Notice tone={chosen.outcome === 'success' ? 'good' : 'bad'}>{explainAttempt(chosen)}</Notice>
            <AttemptDetail attempt={chosen} />
          </section>
        </div>
      ) : (
        <Notice>No attempt was made yet.</Notice>
      )}
      {event.value && (
        <Body
          title={body === undefined ? 'Data of the event' : 'Body that is sent'}
          text={body ?? dataOf(event.value)}
        />
      )}
      <Reach eventId={value.eventId} nameOf={webhooks.nameOf} />
    </>
  );
}

const dataOf = ({ data }: EventView): string | null => (data === null ? null : JSON.stringify(data));

interface RetryProps {
  readonly path: string;
  readonly waits: boolean;
  readonly onDone: () => void;
}

function Retry({ path, waits, onDone }: RetryProps) {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const retry = async (): Promise<void> => {
    setBusy(true);
    setRefused(undefined);
    try {
      await api.post(`${path}/retry`, undefined);
      refine({ attempt: undefined });
      onDone();
    } catch (error) {
      setRefused(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button kind="primary" busy={busy} onClick={() => void retry()}>
        {waits ? 'Try now' : 'Retry'}
      </Button>
      {refused && <Notice tone="bad">{refused}</Notice>}
    </>
  );
}
