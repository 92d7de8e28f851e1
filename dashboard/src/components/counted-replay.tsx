// Doing many things again: first counted, then done. What was counted holds for exactly what was asked: whoever changes a
// choice counts anew.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api/client';
import { useAction } from '../api/use-action';
import { instantOfLocal, localText } from '../routing/time-range';
import { Button } from './button';
import { TextField } from './fields';
import { Notice } from './notice';

const DAY_MS = 86_400_000;

interface Props<Accepted> {
  /** Where it is asked for. */
  readonly path: string;
  readonly intro: string;
  readonly sinceLabel: string;
  /** What is asked for beside the time. */
  readonly choices: object;
  /** Whether the choices can be asked for. */
  readonly isWhole?: boolean;
  /** What so many would mean, in a sentence. */
  readonly wouldText: (count: number) => string;
  /** What the button says that does it. */
  readonly doText: (count: number) => string;
  readonly onStarted: (accepted: Accepted) => void;
  readonly onClose: () => void;
  /** The fields of the choices. */
  readonly children: ComponentChildren;
}

export function CountedReplay<Accepted extends { readonly count: number }>(props: Props<Accepted>) {
  const { path, intro, sinceLabel, choices, isWhole = true, wouldText, doText, onStarted, onClose, children } = props;
  const [since, setSince] = useState(() => localText(new Date(Date.now() - DAY_MS).toISOString()));
  const [until, setUntil] = useState('');
  const [counted, setCounted] = useState<{ readonly of: string; readonly count: number }>();
  const { busy, refused, run } = useAction();
  const asked = { since: instantOfLocal(since), until: instantOfLocal(until), ...choices };
  const question = JSON.stringify(asked);
  const found = counted?.of === question ? counted.count : undefined;
  const count = (): void =>
    run(async () => {
      const { count } = await api.post<Accepted>(path, { ...asked, dryRun: true });
      setCounted({ of: question, count });
    });
  const start = (): void => run(async () => onStarted(await api.post<Accepted>(path, asked)));
  return (
    <div class="stack">
      <p class="muted">{intro}</p>
      <TextField label={sinceLabel} type="datetime-local" value={since} onValue={setSince} />
      <TextField label="Until" type="datetime-local" value={until} onValue={setUntil} hint="Empty: until now." />
      {children}
      {refused && <Notice tone="bad">{refused}</Notice>}
      {found !== undefined && <Notice>{wouldText(found)}</Notice>}
      <div class="row">
        {found ? (
          <Button kind="primary" busy={busy} onClick={start}>
            {doText(found)}
          </Button>
        ) : (
          <Button kind="primary" busy={busy} disabled={!isWhole || since === ''} onClick={count}>
            Count them
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </div>
  );
}
