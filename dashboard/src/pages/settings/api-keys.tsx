// API keys: what programs, and people on this page, come in with.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { ApiKey } from '../../api/settings-types';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { ConfirmDialog } from '../../components/confirm-dialog';
import { Empty } from '../../components/empty';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { CreateKeyDialog } from './create-key-dialog';

export function ApiKeys({ me, params }: PageProps) {
  const cursor = params.get('cursor') ?? undefined;
  const keys = useResource((signal) => api.get<Page<ApiKey>>('api-keys', { cursor }, signal), [cursor]);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey>();
  const make = (
    <Button kind="primary" onClick={() => setMaking(true)}>
      Make an API key
    </Button>
  );
  return (
    <>
      <PageHead title="API keys">{make}</PageHead>
      <List
        caption="API keys, newest first"
        resource={keys}
        columns={columnsOf(setRevoking)}
        idOf={({ id }) => id}
        timeOf={({ createdAt }) => createdAt}
        empty={
          <Empty title="No API key yet">
            Your programs send events with one, and may do only what it allows. Make one for each of them.
          </Empty>
        }
      />
      {making && <CreateKeyDialog me={me} onClose={() => setMaking(false)} onDone={keys.reload} />}
      {revoking && (
        <ConfirmDialog
          title="Revoke this key?"
          verb="Revoke it"
          onConfirm={async () => {
            await api.delete(`api-keys/${revoking.id}`);
            keys.reload();
            setRevoking(undefined);
          }}
          onClose={() => setRevoking(undefined)}
        >
          Whatever uses <strong>{revoking.name}</strong> is refused within a second. This cannot be undone.
        </ConfirmDialog>
      )}
    </>
  );
}

const columnsOf = (revoke: (key: ApiKey) => void): readonly Column<ApiKey>[] => [
  {
    title: 'Name',
    cell: ({ name, prefix }) => (
      <>
        <strong>{name}</strong>
        <span class="muted block mono">{prefix}…</span>
      </>
    ),
  },
  { title: 'Scopes', cell: ({ scopes }) => <span class="mono">{scopes.join(', ')}</span> },
  { title: 'Made by', minor: true, cell: ({ createdBy }) => createdBy },
  { title: 'Made', minor: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
  { title: 'Expires', cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <Time at={expiresAt} />) },
  {
    title: 'Change',
    cell: (key) => (
      <Button kind="danger" label={`Revoke ${key.name}`} onClick={() => revoke(key)}>
        Revoke
      </Button>
    ),
  },
];
