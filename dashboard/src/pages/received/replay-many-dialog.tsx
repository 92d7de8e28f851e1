// Running handlers of many received events again: first counted, then done.
import { useState } from 'preact/hooks';
import { Button } from '../../components/button';
import { CountedReplay } from '../../components/counted-replay';
import { Dialog } from '../../components/dialog';
import { Checkbox, Select, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';

interface Props {
  /** The source that is looked at; empty: any. */
  readonly source: string;
  readonly sources: readonly string[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function ReplayManyDialog({ source: first, sources, onClose, onDone }: Props) {
  const [source, setSource] = useState(first);
  const [type, setType] = useState('');
  const [all, setAll] = useState(false);
  const [started, setStarted] = useState<number>();
  return (
    <Dialog title="Run handlers again" onClose={onClose}>
      {started === undefined ? (
        <CountedReplay<{ readonly count: number }>
          path="received-events/replay"
          intro="Those that did not succeed. Where no handler was there when an event came, those that are there now."
          sinceLabel="Received since"
          choices={{ source: source || undefined, type: type.trim() || undefined, all }}
          wouldText={wouldText}
          doText={(count) => `Run ${count.toLocaleString()} again`}
          onStarted={({ count }) => {
            setStarted(count);
            onDone();
          }}
          onClose={onClose}
        >
          <Select
            label="Of source"
            value={source}
            onValue={setSource}
            options={[['', 'Any'], ...sources.map((name) => [name, name] as const)]}
          />
          <TextField label="Of type" value={type} onValue={setType} hint="Exactly. Empty: any." />
          <Checkbox label="Also the handlers that succeeded" checked={all} onChecked={setAll} />
        </CountedReplay>
      ) : (
        <div class="stack">
          <Notice tone="good">{runsText(started)} again; the list shows what becomes of them.</Notice>
          <div class="row">
            <Button kind="primary" onClick={onClose}>
              Close
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

const wouldText = (count: number): string =>
  count === 0 ? 'Nothing matches: there is nothing to run again.' : `${runsText(count, 'would run')} again.`;

const runsText = (count: number, verb = count === 1 ? 'runs' : 'run'): string =>
  `${count.toLocaleString()} ${count === 1 ? 'handler' : 'handlers'} ${verb}`;
