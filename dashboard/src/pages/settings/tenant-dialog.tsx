// A tenant's name, and how much it may have.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { TenantSettings } from '../../api/settings-types';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { TextField } from '../../components/fields';
import { Notice } from '../../components/notice';

interface Props {
  /** The one that is changed; absent: a new one. */
  readonly tenant: TenantSettings | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function TenantDialog({ tenant, onClose, onDone }: Props) {
  const [id, setId] = useState('');
  const [name, setName] = useState(tenant?.name ?? '');
  const [webhooks, setWebhooks] = useState(`${tenant?.maxWebhooks ?? ''}`);
  const [sources, setSources] = useState(`${tenant?.maxSources ?? ''}`);
  const { busy, refused, run } = useAction();
  const [maxWebhooks, maxSources] = [quotaOf(webhooks), quotaOf(sources)];
  const isWhole = maxWebhooks !== undefined && maxSources !== undefined;
  const save = (event: Event): void => {
    event.preventDefault();
    if (!isWhole) return;
    const fields = { name: name.trim(), maxWebhooks, maxSources };
    run(async () => {
      if (tenant) await api.patch(`tenants/${encodeURIComponent(tenant.id)}`, fields);
      else await api.post('tenants', { ...fields, id: id.trim() });
      onDone();
      onClose();
    });
  };
  return (
    <Dialog title={tenant ? `Edit ${tenant.name}` : 'Add a tenant'} onClose={onClose}>
      <form class="stack" onSubmit={save} novalidate>
        {!tenant && (
          <TextField
            label="Id"
            value={id}
            onValue={setId}
            placeholder="acme"
            hint="It stands in addresses, and stays."
          />
        )}
        <TextField label="Name" value={name} onValue={setName} placeholder="Acme Ltd" />
        <Quota label="Most webhooks" value={webhooks} onValue={setWebhooks} isWhole={maxWebhooks !== undefined} />
        <Quota label="Most sources" value={sources} onValue={setSources} isWhole={maxSources !== undefined} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={!isWhole}>
            {tenant ? 'Save' : 'Add it'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}

interface QuotaProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly isWhole: boolean;
}

const Quota = ({ label, value, onValue, isWhole }: QuotaProps) => (
  <TextField
    label={label}
    value={value}
    onValue={onValue}
    hint="Empty: as the installation says. What is there already stays."
    error={isWhole ? undefined : 'This is not a whole number.'}
  />
);

/** Null of nothing; `undefined` where it is no whole number. */
function quotaOf(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}
