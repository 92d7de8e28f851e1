// A new secret beside the old ones, which sign along for a while so that the receiver can change over without a gap.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { CreatedSecret } from '../../api/types';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { Select } from '../../components/fields';
import { Notice } from '../../components/notice';
import { ShownSecret } from './shown-secret';

const OVERLAPS = [
  ['0s', 'not at all: it leaked'],
  ['1h', 'for an hour'],
  ['24h', 'for a day'],
  ['7d', 'for a week'],
] as const;

interface Props {
  readonly path: string;
  readonly url: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function RotateDialog({ path, url, onClose, onDone }: Props) {
  const [overlap, setOverlap] = useState('24h');
  const [created, setCreated] = useState<CreatedSecret>();
  const { busy, refused, run } = useAction();
  const rotate = (): void =>
    run(async () => {
      setCreated(await api.post<CreatedSecret>(`${path}/secrets`, { expireOthersAfter: overlap }));
      onDone();
    });
  if (created) {
    return (
      <Dialog title="The new secret" onClose={onClose}>
        <div class="stack">
          <ShownSecret secret={created.secret ?? null} publicKey={created.publicKey} url={url} />
          <div class="row">
            <Button kind="primary" onClick={onClose}>
              I have kept it
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Rotate the signing secret" onClose={onClose}>
      <div class="stack">
        <p>Requests are then signed with a new secret, and with the old ones too for as long as you say.</p>
        <Select label="The old ones sign along" value={overlap} onValue={setOverlap} options={OVERLAPS} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button kind="primary" busy={busy} onClick={rotate}>
            Make a new secret
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </div>
    </Dialog>
  );
}
