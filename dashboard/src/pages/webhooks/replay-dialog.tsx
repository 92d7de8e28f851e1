// Sending again what a webhook missed: first counted, then done, and watched while it goes on.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Replay } from '../../api/types';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Button } from '../../components/button';
import { words } from '../../components/chip';
import { Dialog } from '../../components/dialog';
import { Checkbox, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { Progress } from '../../components/progress';
import { instantOfLocal, localText } from '../../routing/time-range';

const STATUSES = ['failed', 'client_error', 'skipped', 'expired', 'success'] as const;
const DAY_MS = 86_400_000;
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
  const [since, setSince] = useState(() => localText(new Date(Date.now() - DAY_MS).toISOString()));
  const [until, setUntil] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>(['failed', 'client_error', 'skipped', 'expired']);
  const [counted, setCounted] = useState<Accepted>();
  const [started, setStarted] = useState<Accepted>();
  const { busy, refused, run } = useAction();
  const asked = { since: instantOfLocal(since), until: instantOfLocal(until), status: chosen };
  const count = (): void =>
    run(async () => setCounted(await api.post<Accepted>(`${path}/replay`, { ...asked, dryRun: true })));
  const start = (): void => run(async () => setStarted(await api.post<Accepted>(`${path}/replay`, asked)));
  const change = (apply: () => void): void => {
    apply();
    setCounted(undefined);
  };
  return (
    <Dialog title="Send deliveries again" onClose={onClose}>
      {started?.id ? (
        <Watched id={started.id} onClose={onClose} />
      ) : (
        <div class="stack">
          <p class="muted">Each event once, as a new delivery. What has arrived since is left out.</p>
          <TextField
            label="Created since"
            type="datetime-local"
            value={since}
            onValue={(text) => change(() => setSince(text))}
          />
          <TextField
            label="Until"
            type="datetime-local"
            value={until}
            onValue={(text) => change(() => setUntil(text))}
            hint="Empty: until now."
          />
          <fieldset>
            <legend>Which ended</legend>
            {STATUSES.map((status) => (
              <Checkbox
                key={status}
                label={words(status)}
                checked={chosen.includes(status)}
                onChecked={(on) =>
                  change(() => setChosen(on ? [...chosen, status] : chosen.filter((each) => each !== status)))
                }
              />
            ))}
          </fieldset>
          {refused && <Notice tone="bad">{refused}</Notice>}
          {counted && (
            <Notice>
              {counted.count === 0
                ? 'Nothing matches: there is nothing to send again.'
                : `${counted.count.toLocaleString()} ${counted.count === 1 ? 'delivery' : 'deliveries'} would be sent again.`}
            </Notice>
          )}
          <div class="row">
            {counted && counted.count > 0 ? (
              <Button kind="primary" busy={busy} onClick={start}>
                Send {counted.count.toLocaleString()} again
              </Button>
            ) : (
              <Button kind="primary" busy={busy} disabled={chosen.length === 0} onClick={count}>
                Count them
              </Button>
            )}
            <Button onClick={onClose}>Cancel</Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

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
