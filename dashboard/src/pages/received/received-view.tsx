// One received event: what it says, what handlers made of it, and running them again.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { HandlerRun, ReceivedEventDetail, ReceivedStatus } from '../../api/received-types';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Body } from '../../components/body';
import { Button } from '../../components/button';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Table } from '../../components/table';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';
import { ReceivedChip } from './received-chip';

const FOLLOW_MS = 2_000;
const BACK = { href: hrefOf('received'), title: 'Received' };

const MEANINGS: Readonly<Record<ReceivedStatus, string>> = {
  processing: 'Its handlers are running, or will again.',
  processed: 'Every handler succeeded.',
  failed: 'A handler used up its attempts. Mend it, then replay.',
  unhandled: 'No handler was there for it. Add one, then replay.',
  rejected: 'It was signed well, and its body could not be read as JSON.',
};

export function ReceivedView({ id, me }: PageProps & { readonly id: string }) {
  const path = `received-events/${encodeURIComponent(id)}`;
  const [underWay, setUnderWay] = useState(false);
  const event = useResource(
    async (signal) => {
      const found = await api.get<ReceivedEventDetail>(path, {}, signal);
      setUnderWay(found.status === 'processing');
      return found;
    },
    [path],
    { everyMs: underWay ? FOLLOW_MS : undefined },
  );
  const [again, setAgain] = useState<number>();
  const { busy, refused, run } = useAction();
  const { value } = event;
  if (!value) {
    if (event.status === 404)
      return (
        <Empty title="There is no such received event">It may be older than what is kept, or another tenant’s.</Empty>
      );
    return event.error ? <Notice tone="bad">{event.error}</Notice> : <div class="waiting" aria-busy />;
  }
  const replay = (all: boolean): void =>
    run(async () => {
      const { count } = await api.post<{ count: number }>(`${path}/replay`, { all });
      setAgain(count);
      event.reload();
    });
  const replays = mayDo(me, 'sources:write') && value.status !== 'rejected';
  return (
    <>
      <PageHead
        back={BACK}
        title={
          <>
            {value.type} <ReceivedChip status={value.status} />
          </>
        }
      >
        {replays && value.status !== 'processed' && (
          <Button kind="primary" busy={busy} onClick={() => replay(false)}>
            Replay
          </Button>
        )}
        {replays && (
          <Button busy={busy} onClick={() => replay(true)}>
            Replay every handler
          </Button>
        )}
      </PageHead>
      {refused && <Notice tone="bad">{refused}</Notice>}
      {again !== undefined && <Notice tone={again === 0 ? 'warn' : 'good'}>{replayedText(again)}</Notice>}
      <p class="muted">{MEANINGS[value.status]}</p>
      <Facts event={value} />
      <section class="panel stack">
        <h2>Handlers</h2>
        {value.runs.length === 0 ? (
          <p class="muted">None has worked on it.</p>
        ) : (
          <Table
            caption="Handlers and their work"
            columns={COLUMNS}
            rows={value.runs}
            idOf={({ handler }) => handler}
          />
        )}
      </section>
      {value.bodyEncoding === 'base64' && (
        <Notice>The body is not text: it is shown as base64, and given to handlers as it came.</Notice>
      )}
      <Body title="Body" text={value.body} />
      <details class="panel">
        <summary>
          <h2>Headers</h2>
        </summary>
        <dl class="facts">
          {Object.entries(value.headers).map(([name, text]) => (
            <>
              <dt>{name}</dt>
              <dd class="mono">{typeof text === 'string' ? text : text.join(', ')}</dd>
            </>
          ))}
        </dl>
      </details>
    </>
  );
}

const replayedText = (count: number): string =>
  count === 0
    ? 'There was nothing to run again: no handler is there for this type.'
    : `${count} ${count === 1 ? 'handler runs' : 'handlers run'} again.`;

const COLUMNS: readonly Column<HandlerRun>[] = [
  {
    title: 'Handler',
    cell: ({ handler, error }) => (
      <>
        <strong>{handler}</strong>
        {error && <pre class="run-error">{error}</pre>}
      </>
    ),
  },
  { title: 'Status', cell: ({ status }) => <ReceivedChip status={status} /> },
  { title: 'Attempts', numeric: true, cell: ({ attemptCount }) => attemptCount },
  { title: 'Next attempt', minor: true, cell: ({ nextAttemptAt }) => <Time at={nextAttemptAt} /> },
  { title: 'Finished', cell: ({ finishedAt }) => <Time at={finishedAt} /> },
];

const Facts = ({ event }: { readonly event: ReceivedEventDetail }) => (
  <dl class="facts panel">
    <dt>Source</dt>
    <dd>
      <a href={hrefOf(`received/sources/${event.source}`)}>{event.source}</a> ({event.provider})
    </dd>
    <dt>Sender’s id</dt>
    <dd class="mono">{event.externalId}</dd>
    {event.conflict && (
      <>
        <dt>Conflict</dt>
        <dd>Another body came under the same id; this one, the first, counts.</dd>
      </>
    )}
    <dt>Happened</dt>
    <dd>
      <Time at={event.occurredAt} />
    </dd>
    <dt>Received</dt>
    <dd>
      <Time at={event.receivedAt} />
    </dd>
    <dt>Processed</dt>
    <dd>
      <Time at={event.processedAt} />
    </dd>
    <dt>Id</dt>
    <dd class="mono">{event.id}</dd>
  </dl>
);
