// What cannot be taken back is asked twice.
import type { ComponentChildren } from 'preact';
import { useAction } from '../api/use-action';
import { Button } from './button';
import { Dialog } from './dialog';
import { Notice } from './notice';

interface Props {
  readonly title: string;
  /** What the button says that does it. */
  readonly verb: string;
  /** Does it, and what comes after. */
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
  /** What it means. */
  readonly children: ComponentChildren;
}

export function ConfirmDialog({ title, verb, onConfirm, onClose, children }: Props) {
  const { busy, refused, run } = useAction();
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">
        <p>{children}</p>
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button kind="danger" busy={busy} onClick={() => run(onConfirm)}>
            {verb}
          </Button>
          <Button onClick={onClose}>Keep it</Button>
        </div>
      </div>
    </Dialog>
  );
}
