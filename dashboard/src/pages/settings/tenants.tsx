// The tenants of the installation, for its administrator: added, named, limited, and taken away with all that they have.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { TenantSettings } from '../../api/settings-types';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { Empty } from '../../components/empty';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { session } from '../../session/session';
import { DeleteTenantDialog } from './delete-tenant-dialog';
import { TenantDialog } from './tenant-dialog';

/** What is asked about: a new one, a change, or an end. */
type Asking = { readonly what: 'new' } | { readonly what: 'edit' | 'delete'; readonly tenant: TenantSettings };

export function Tenants({ me, params }: PageProps) {
  const cursor = params.get('cursor') ?? undefined;
  const tenants = useResource((signal) => api.get<Page<TenantSettings>>('tenants', { cursor }, signal), [cursor]);
  const [asking, setAsking] = useState<Asking>();
  const close = (): void => setAsking(undefined);
  return (
    <>
      <PageHead title="Tenants">
        <Button kind="primary" onClick={() => setAsking({ what: 'new' })}>
          Add a tenant
        </Button>
      </PageHead>
      <List
        caption="Tenants, newest first"
        resource={tenants}
        columns={columnsOf(me.tenant.id, setAsking)}
        idOf={({ id }) => id}
        timeOf={({ createdAt }) => createdAt}
        empty={<Empty title="No tenant yet">Add one for each customer whose webhooks shall be apart.</Empty>}
      />
      {asking && asking.what !== 'delete' && (
        <TenantDialog
          tenant={asking.what === 'edit' ? asking.tenant : undefined}
          onClose={close}
          onDone={tenants.reload}
        />
      )}
      {asking?.what === 'delete' && (
        <DeleteTenantDialog
          tenant={asking.tenant}
          onClose={close}
          onDone={() => (asking.tenant.id === me.tenant.id ? session.actFor('default') : tenants.reload())}
        />
      )}
    </>
  );
}

const columnsOf = (current: string, ask: (asking: Asking) => void): readonly Column<TenantSettings>[] => [
  {
    title: 'Tenant',
    cell: ({ id, name }) => (
      <>
        <strong>{name}</strong>
        <span class="muted block mono">{id}</span>
      </>
    ),
  },
  { title: 'Webhooks', numeric: true, cell: ({ maxWebhooks }) => atMost(maxWebhooks) },
  { title: 'Sources', numeric: true, cell: ({ maxSources }) => atMost(maxSources) },
  { title: 'Created', minor: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    title: 'Change',
    cell: (tenant) => (
      <div class="row">
        {tenant.id !== current && (
          <Button label={`Switch to ${tenant.name}`} onClick={() => session.actFor(tenant.id)}>
            Switch
          </Button>
        )}
        <Button label={`Edit ${tenant.name}`} onClick={() => ask({ what: 'edit', tenant })}>
          Edit
        </Button>
        {tenant.id !== 'default' && (
          <Button kind="danger" label={`Delete ${tenant.name}`} onClick={() => ask({ what: 'delete', tenant })}>
            Delete
          </Button>
        )}
      </div>
    ),
  },
];

const atMost = (quota: number | null): string =>
  quota === null ? 'as the installation says' : `at most ${quota.toLocaleString()}`;
