// Who changed what, and when.
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { AuditEntry } from '../../api/settings-types';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { Empty } from '../../components/empty';
import { FilterBar } from '../../components/filter-bar';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { TypedFilter } from '../../components/typed-filter';
import { spanOf } from '../../routing/time-range';

const FILTERS = ['actor', 'action', 'resource', 'range', 'since', 'until'] as const;

export function AuditLog({ params }: PageProps) {
  const [actor, action, resource] = ['actor', 'action', 'resource'].map((name) => params.get(name) ?? '');
  const cursor = params.get('cursor') ?? undefined;
  const entries = useResource(
    (signal) => api.get<Page<AuditEntry>>('audit-log', { actor, action, resource, ...spanOf(params), cursor }, signal),
    [params.toString()],
  );
  const narrowed = FILTERS.some((name) => params.has(name));
  return (
    <>
      <PageHead title="Audit log">
        <Button onClick={entries.reload}>Refresh</Button>
      </PageHead>
      <FilterBar label="Filter the audit log" params={params} path="settings/audit-log" narrowed={narrowed}>
        <TypedFilter label="Who" name="actor" value={actor ?? ''} placeholder="admin" />
        <TypedFilter label="What was done" name="action" value={action ?? ''} placeholder="webhook.updated" />
        <TypedFilter label="To what" name="resource" value={resource ?? ''} placeholder="Its id or name" />
      </FilterBar>
      <List
        caption="Changes, newest first"
        resource={entries}
        columns={COLUMNS}
        idOf={({ id }) => id}
        timeOf={({ at }) => at}
        empty={
          narrowed ? (
            <Empty title="No change matches">Widen the filters, or look at another time. They match exactly.</Empty>
          ) : (
            <Empty title="Nothing was changed yet">
              Every change through the API, and so through this page, is written down here. Add a webhook, and look
              again.
            </Empty>
          )
        }
      />
    </>
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  { title: 'Who', cell: ({ actor }) => actor },
  { title: 'What', cell: ({ action }) => <strong>{action}</strong> },
  { title: 'To', cell: ({ resource }) => <span class="mono">{resource}</span> },
  { title: 'Changes', cell: ({ changes }) => <Changes changes={changes} /> },
  { title: 'From', minor: true, cell: ({ address }) => address ?? <span class="muted">–</span> },
];

const Changes = ({ changes }: Pick<AuditEntry, 'changes'>) => (
  <ul class="plain-list">
    {changes.map(({ field, before, after }) => (
      <li key={field}>
        {field}
        {before !== undefined || after !== undefined ? (
          <span class="mono">
            {': '}
            {before !== undefined && `${JSON.stringify(before)} → `}
            {after === undefined ? 'nothing' : JSON.stringify(after)}
          </span>
        ) : (
          ' was changed'
        )}
      </li>
    ))}
  </ul>
);
