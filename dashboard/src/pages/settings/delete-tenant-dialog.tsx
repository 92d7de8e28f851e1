// Taking a tenant away with all that it has: asked for by typing its id, so that no slip of a finger does it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { TenantSettings } from '../../api/settings-types';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { TextField } from '../../components/fields';
import { Notice } from '../../components/notice';

interface Props {
  readonly tenant: TenantSettings;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function DeleteTenantDialog({ tenant: { id, name }, onClose, onDone }: Props) {
  const [typed, setTyped] = useState('');
  const { busy, refused, run } = useAction();
  const remove = (event: Event): void => {
    event.preventDefault();
    if (typed !== id) return;
    run(async () => {
      await api.delete(`tenants/${encodeURIComponent(id)}`);
      onClose();
      onDone();
    });
  };
  return (
    <Dialog title={`Delete ${name}?`} onClose={onClose}>
      <form class="stack" onSubmit={remove} novalidate>
        <p>
          It is gone at once: its keys, its webhooks, its sources, and all that was sent and received for it. This
          cannot be undone.
        </p>
        <TextField label={`Type ${id} to delete it`} value={typed} onValue={setTyped} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="danger" busy={busy} disabled={typed !== id}>
            Delete it
          </Button>
          <Button onClick={onClose}>Keep it</Button>
        </div>
      </form>
    </Dialog>
  );
}
