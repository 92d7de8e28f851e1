// A new secret beside the old ones, so that the sender can change over without a gap.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { Select, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';

const OVERLAPS = [
  ['0s', 'not at all: it leaked'],
  ['1h', 'for an hour'],
  ['24h', 'for a day'],
  ['7d', 'for a week'],
  ['', 'for good'],
] as const;

interface Props {
  readonly path: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function AddSecretDialog({ path, onClose, onDone }: Props) {
  const [secret, setSecret] = useState('');
  const [overlap, setOverlap] = useState('24h');
  const { busy, refused, run } = useAction();
  const add = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      await api.post(`${path}/secrets`, { secret: secret.trim(), expireOthersAfter: overlap || null });
      onDone();
      onClose();
    });
  };
  return (
    <Dialog title="Rotate the secret" onClose={onClose}>
      <form class="stack" onSubmit={add} novalidate>
        <p>Make a new secret at the sender, and give it here before the sender signs with it.</p>
        <TextField label="New secret" type="password" value={secret} onValue={setSecret} hint="Never shown again." />
        <Select label="The old ones are still taken" value={overlap} onValue={setOverlap} options={OVERLAPS} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={secret.trim() === ''}>
            Take it
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
