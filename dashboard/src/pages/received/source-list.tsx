// The sources: whom events come from, and where to.
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { Source } from '../../api/received-types';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { ButtonLink } from '../../components/button';
import { Empty } from '../../components/empty';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';

export function SourceList({ me, params }: PageProps) {
  const cursor = params.get('cursor') ?? undefined;
  const sources = useResource((signal) => api.get<Page<Source>>('sources', { cursor }, signal), [cursor]);
  const add = mayDo(me, 'sources:write') && (
    <ButtonLink href={hrefOf('received/add-source')} kind="primary">
      Add a source
    </ButtonLink>
  );
  return (
    <>
      <PageHead title="Sources" back={{ href: hrefOf('received'), title: 'Received' }}>
        {add}
      </PageHead>
      <List
        caption="Sources, newest first"
        resource={sources}
        columns={COLUMNS}
        idOf={({ id }) => id}
        hrefOf={({ name }) => hrefOf(`received/sources/${name}`)}
        timeOf={({ createdAt }) => createdAt}
        empty={
          <Empty title="No source yet">
            A source is an address that a sender such as Stripe or GitHub posts to. Add one for each sender.
            <span class="row">{add}</span>
          </Empty>
        }
      />
    </>
  );
}

const COLUMNS: readonly Column<Source>[] = [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Provider', cell: ({ provider }) => provider },
  { title: 'Address', cell: ({ path }) => <span class="mono">{path}</span> },
  { title: 'Secrets', numeric: true, minor: true, cell: ({ secrets }) => secrets.length },
  { title: 'Created', minor: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];
