// What came in, narrowed down by what stands in the address.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import { RECEIVED_STATUSES } from '../../api/received-types';
import type { ReceivedEvent, Source } from '../../api/received-types';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { Button, ButtonLink } from '../../components/button';
import { words } from '../../components/chip';
import { Empty } from '../../components/empty';
import { Select } from '../../components/fields';
import { FilterBar } from '../../components/filter-bar';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { hrefOf, refine } from '../../routing/route';
import { spanOf } from '../../routing/time-range';
import { mayDo } from '../../session/me';
import { ReceivedChip } from './received-chip';
import { ReplayManyDialog } from './replay-many-dialog';

const FILTERS = ['source', 'status', 'range', 'since', 'until'] as const;
const REFRESH_MS = 10_000;
const MOST = 250;

export function ReceivedList({ me, params }: PageProps) {
  const sources = useResource((signal) => api.get<Page<Source>>('sources', { limit: MOST }, signal), []);
  const [replaying, setReplaying] = useState(false);
  const [source, status] = [params.get('source') ?? '', params.get('status') ?? ''];
  const cursor = params.get('cursor') ?? undefined;
  const events = useResource(
    (signal) => api.get<Page<ReceivedEvent>>('received-events', { source, status, ...spanOf(params), cursor }, signal),
    [params.toString()],
    // Older pages stay as they are while one reads them.
    { everyMs: cursor === undefined ? REFRESH_MS : undefined },
  );
  const names = (sources.value?.data ?? []).map(({ name }) => name).sort();
  const choices = source === '' || names.includes(source) ? names : [source, ...names];
  const narrowed = FILTERS.some((name) => params.has(name));
  return (
    <>
      <PageHead title="Received">
        <ButtonLink href={hrefOf('received/sources')}>Sources</ButtonLink>
        {mayDo(me, 'sources:write') && <Button onClick={() => setReplaying(true)}>Replay</Button>}
        <Button onClick={events.reload}>Refresh</Button>
      </PageHead>
      <FilterBar label="Filter received events" params={params} path="received" narrowed={narrowed}>
        <Select
          label="Source"
          value={source}
          onValue={(name) => refine({ source: name })}
          options={[['', 'Any'], ...choices.map((name) => [name, name] as const)]}
        />
        <Select
          label="Status"
          value={status}
          onValue={(chosen) => refine({ status: chosen })}
          options={[['', 'Any'], ...RECEIVED_STATUSES.map((each) => [each, words(each)] as const)]}
        />
      </FilterBar>
      <List
        caption="Received events, newest first"
        resource={events}
        columns={COLUMNS}
        idOf={({ id }) => id}
        hrefOf={({ id }) => hrefOf(`received/${id}`)}
        timeOf={({ receivedAt }) => receivedAt}
        empty={narrowed ? <NothingMatches /> : <NothingCame />}
      />
      {replaying && (
        <ReplayManyDialog
          source={source}
          sources={choices}
          onClose={() => setReplaying(false)}
          onDone={events.reload}
        />
      )}
    </>
  );
}

const COLUMNS: readonly Column<ReceivedEvent>[] = [
  { title: 'Type', cell: ({ type }) => type },
  { title: 'Status', cell: ({ status }) => <ReceivedChip status={status} /> },
  { title: 'Source', cell: ({ source }) => source },
  { title: 'Sender’s id', minor: true, cell: ({ externalId }) => <span class="mono">{externalId}</span> },
  { title: 'Received', cell: ({ receivedAt }) => <Time at={receivedAt} /> },
];

const NothingMatches = () => (
  <Empty title="Nothing that was received matches">
    Widen the filters, or look at another time. What a source turned away is on the page of that source.
  </Empty>
);

const NothingCame = () => (
  <Empty title="Nothing was received yet">
    Add a source for each sender, and give the sender its address. What it sends appears here.
    <span class="row">
      <ButtonLink href={hrefOf('received/sources')}>Go to sources</ButtonLink>
    </span>
  </Empty>
);
