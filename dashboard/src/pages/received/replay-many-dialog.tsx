// Running handlers of many received events again: first counted, then done.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Button } from '../../components/button';
import { Dialog } from '../../components/dialog';
import { Checkbox, Select, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { instantOfLocal, localText } from '../../routing/time-range';

const DAY_MS = 86_400_000;

interface Props {
  /** The source that is looked at; empty: any. */
  readonly source: string;
  readonly sources: readonly string[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function ReplayManyDialog({ source: first, sources, onClose, onDone }: Props) {
  const [since, setSince] = useState(() => localText(new Date(Date.now() - DAY_MS).toISOString()));
  const [until, setUntil] = useState('');
  const [source, setSource] = useState(first);
  const [type, setType] = useState('');
  const [all, setAll] = useState(false);
  const [counted, setCounted] = useState<number>();
  const [started, setStarted] = useState<number>();
  const { busy, refused, run } = useAction();
  const ask = async (dryRun: boolean): Promise<number> => {
    const times = { since: instantOfLocal(since), until: instantOfLocal(until) };
    const of = { source: source || undefined, type: type.trim() || undefined };
    return (await api.post<{ count: number }>('received-events/replay', { ...times, ...of, all, dryRun })).count;
  };
  const count = (): void => run(async () => setCounted(await ask(true)));
  const start = (): void =>
    run(async () => {
      setStarted(await ask(false));
      onDone();
    });
  const change = (apply: () => void): void => {
    apply();
    setCounted(undefined);
  };
  if (started !== undefined) {
    return (
      <Dialog title="Run handlers again" onClose={onClose}>
        <div class="stack">
          <Notice tone="good">{runsText(started)} again; the list shows what becomes of them.</Notice>
          <div class="row">
            <Button kind="primary" onClick={onClose}>
              Close
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Run handlers again" onClose={onClose}>
      <div class="stack">
        <p class="muted">
          Those that did not succeed. Where no handler was there when an event came, those that are there now.
        </p>
        <TextField
          label="Received since"
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
        <Select
          label="Of source"
          value={source}
          onValue={(name) => change(() => setSource(name))}
          options={[['', 'Any'], ...sources.map((name) => [name, name] as const)]}
        />
        <TextField
          label="Of type"
          value={type}
          onValue={(text) => change(() => setType(text))}
          hint="Exactly. Empty: any."
        />
        <Checkbox label="Also the handlers that succeeded" checked={all} onChecked={(on) => change(() => setAll(on))} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        {counted !== undefined && (
          <Notice>
            {counted === 0
              ? 'Nothing matches: there is nothing to run again.'
              : `${runsText(counted, 'would run')} again.`}
          </Notice>
        )}
        <div class="row">
          {counted ? (
            <Button kind="primary" busy={busy} onClick={start}>
              Run {counted.toLocaleString()} again
            </Button>
          ) : (
            <Button kind="primary" busy={busy} disabled={since === ''} onClick={count}>
              Count them
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </div>
    </Dialog>
  );
}

const runsText = (count: number, verb = count === 1 ? 'runs' : 'run'): string =>
  `${count.toLocaleString()} ${count === 1 ? 'handler' : 'handlers'} ${verb}`;
