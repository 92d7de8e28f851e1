// Part of a form that seldom matters: closed, it says in a line what is set in it; refused, it opens by itself.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** What is set in it, in a few words. */
  readonly summary: string;
  /** Something in it was refused. */
  readonly wrong?: boolean;
  readonly children: ComponentChildren;
}

export function Section({ title, summary, wrong = false, children }: Props) {
  const [open, setOpen] = useState(wrong);
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  return (
    <details class="section" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <strong>{title}</strong> <span class="muted">{summary}</span>
      </summary>
      <div class="stack">{children}</div>
    </details>
  );
}
