// Sending again what a webhook missed: first counted, then done, and watched while it goes on.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Replay } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { words } from '../../components/chip';
import { CountedReplay } from '../../components/counted-replay';
import { Dialog } from '../../components/dialog';
import { Checkbox } from '../../components/fields';
import { Notice } from '../../components/notice';
import { Progress } from '../../components/progress';

const STATUSES = ['failed', 'client_error', 'skipped', 'expired', 'success'] as const;
const LOOK_MS = 1_000;

interface Accepted {
  readonly id?: string;
  readonly count: number;
}

interface Props {
  readonly path: string;
  readonly onClose: () => void;
}

export function ReplayDialog({ path, onClose }: Props) {
  const [chosen, setChosen] = useState<readonly string[]>(['failed', 'client_error', 'skipped', 'expired']);
  const [started, setStarted] = useState<Accepted>();
  return (
    <Dialog title="Send deliveries again" onClose={onClose}>
      {started?.id ? (
        <Watched id={started.id} onClose={onClose} />
      ) : (
        <CountedReplay<Accepted>
          path={`${path}/replay`}
          intro="Each event once, as a new delivery. What has arrived since is left out."
          sinceLabel="Created since"
          choices={{ status: chosen }}
          isWhole={chosen.length > 0}
          wouldText={wouldText}
          doText={(count) => `Send ${count.toLocaleString()} again`}
          onStarted={setStarted}
          onClose={onClose}
        >
          <fieldset>
            <legend>Which ended</legend>
            {STATUSES.map((status) => (
              <Checkbox
                key={status}
                label={words(status)}
                checked={chosen.includes(status)}
                onChecked={(on) => setChosen(on ? [...chosen, status] : chosen.filter((each) => each !== status))}
              />
            ))}
          </fieldset>
        </CountedReplay>
      )}
    </Dialog>
  );
}

const wouldText = (count: number): string =>
  count === 0
    ? 'Nothing matches: there is nothing to send again.'
    : `${count.toLocaleString()} ${count === 1 ? 'delivery' : 'deliveries'} would be sent again.`;

function Watched({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const [goesOn, setGoesOn] = useState(true);
  const { value, error } = useResource(
    async (signal) => {
      const replay = await api.get<Replay>(`replays/${id}`, {}, signal);
      setGoesOn(replay.finishedAt === null);
      return replay;
    },
    [id],
    { everyMs: goesOn ? LOOK_MS : undefined },
  );
  return (
    <div class="stack">
      {value && <Progress done={value.made} of={value.count} label="Deliveries made" />}
      {error && <Notice tone="bad">{error}</Notice>}
      <Notice tone={goesOn ? 'plain' : 'good'}>
        {goesOn ? 'It goes on by itself; you may close this.' : 'All of them are on their way.'}
      </Notice>
      <div class="row">
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      </div>
    </div>
  );
}
