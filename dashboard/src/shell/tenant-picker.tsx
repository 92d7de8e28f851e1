// For whom the administrator acts. Every other key has one tenant, and the API tells it nothing of others.
import { api } from '../api/client';
import type { Page, Tenant } from '../api/types';
import { useResource } from '../api/use-resource';
import { session } from '../session/session';

const MOST = 250;

export function TenantPicker({ tenant }: { tenant: string }) {
  const tenants = useResource((signal) => api.get<Page<Tenant>>('tenants', { limit: MOST }, signal), []);
  const rows = tenants.value?.data;
  if (!rows) return <span class="tenant">{tenant}</span>;
  const known = rows.some(({ id }) => id === tenant) ? rows : [{ id: tenant, name: tenant }, ...rows];
  return (
    <span class="tenant">
      <select aria-label="Tenant" value={tenant} onChange={(event) => session.actFor(event.currentTarget.value)}>
        {[...known]
          .sort((one, other) => one.id.localeCompare(other.id))
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {name && name !== id ? `${name} (${id})` : id}
            </option>
          ))}
      </select>
    </span>
  );
}
