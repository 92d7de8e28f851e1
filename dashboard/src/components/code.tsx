// Text that is read exactly and copied whole.
import { useState } from 'preact/hooks';
import { Button } from './button';

interface Props {
  readonly text: string;
  /** What it is, for who cannot see it. */
  readonly label: string;
}

export const Code = ({ text, label }: Props) => (
  <div class="code">
    <pre tabIndex={0} role="region" aria-label={label}>
      <code>{text}</code>
    </pre>
    <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
  </div>
);

interface CopyProps {
  readonly text: string;
  readonly label: string;
  readonly children?: string;
}

export function CopyButton({ text, label, children = 'Copy' }: CopyProps) {
  const [state, setState] = useState<'copied' | 'refused'>();
  const copy = (): void => {
    // Without a secure context there is no clipboard: it is said, and the text can be selected.
    const written = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    written.then(
      () => setState('copied'),
      () => setState('refused'),
    );
    setTimeout(() => setState(undefined), 2_000);
  };
  return (
    <Button kind="quiet" onClick={copy} label={label}>
      <span aria-live="polite">{state === 'copied' ? 'Copied' : state === 'refused' ? 'Select it' : children}</span>
    </Button>
  );
}

/** JSON to read: as it was where it is none. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
