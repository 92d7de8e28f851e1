// The queues of the installation, for its administrator: what waits in them, and what failed.
import { api } from '../../api/client';
import type { QueueState, Queues as QueuesAnswer } from '../../api/settings-types';
import { useResource } from '../../api/use-resource';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Table } from '../../components/table';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';

const FOLLOW_MS = 2_000;

const PURPOSES: Readonly<Record<string, string>> = {
  'posthorn-retries': 'wakes retries when their time has come',
  'posthorn-runs': 'wakes the handlers of received events',
};

type Row = QueuesAnswer['data'][number];

export function Queues() {
  const { value, error } = useResource((signal) => api.get<QueuesAnswer>('queues', {}, signal), [], {
    everyMs: FOLLOW_MS,
  });
  return (
    <>
      <PageHead title="Queues" />
      {error && <Notice tone="bad">{error}</Notice>}
      {value ? <Shown {...value} /> : !error && <div class="waiting" aria-busy />}
    </>
  );
}

function Shown({ backend, data }: QueuesAnswer) {
  const failed = data.flatMap(({ name, state }) => (state?.lastFailed ?? []).map((job) => ({ ...job, name })));
  return (
    <>
      <p>
        BullMQ on {backend === 'redis' ? 'Redis' : 'PostgreSQL'}. A job is a hint that the time of a row has come:
        losing all of them loses nothing, since what is due is looked for as well.
      </p>
      {data
        .filter(({ state }) => state === null)
        .map(({ name }) => (
          <Notice key={name} tone="bad">
            {name} does not answer. Retries go on a few seconds late until it is back.
          </Notice>
        ))}
      <Table caption="Queues" columns={COLUMNS} rows={data} idOf={({ name }) => name} />
      {failed.length > 0 && (
        <section class="stack">
          <h2>Jobs that failed</h2>
          <Table caption="Jobs that failed, the last ones" columns={FAILED} rows={failed} idOf={({ id }) => id} />
        </section>
      )}
    </>
  );
}

const count = (title: string, of: (state: QueueState) => number): Column<Row> => ({
  title,
  numeric: true,
  cell: ({ state }) => (state ? of(state).toLocaleString() : '–'),
});

const COLUMNS: readonly Column<Row>[] = [
  {
    title: 'Queue',
    cell: ({ name }) => (
      <>
        <strong>{name}</strong>
        <span class="muted block">{PURPOSES[name]}</span>
      </>
    ),
  },
  count('Waiting', ({ waiting }) => waiting),
  count('Under way', ({ active }) => active),
  count('Later', ({ delayed }) => delayed),
  count('Failed', ({ failed }) => failed),
  { title: 'Oldest waiting', minor: true, cell: ({ state }) => <Time at={state?.oldestWaitingSince ?? null} /> },
  { title: 'Next', minor: true, cell: ({ state }) => <Time at={state?.nextDelayedAt ?? null} /> },
];

const FAILED: readonly Column<QueueState['lastFailed'][number] & { readonly name: string }>[] = [
  {
    title: 'Job',
    cell: ({ id, name }) => (
      <>
        {name}
        <span class="muted block mono">{id}</span>
      </>
    ),
  },
  { title: 'Why', cell: ({ reason }) => reason },
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
];
