// A filter that is typed in: asked for once it is typed, not letter by letter.
import { useState } from 'preact/hooks';
import { refine } from '../routing/route';
import { TextField } from './fields';

interface Props {
  readonly label: string;
  /** What it is called in the address. */
  readonly name: string;
  readonly value: string;
  readonly placeholder?: string;
}

export function TypedFilter({ label, name, value, placeholder }: Props) {
  const [text, setText] = useState(value);
  const [shown, setShown] = useState(value);
  // The address changed otherwise: by Back, or by Clear.
  if (shown !== value) {
    setShown(value);
    setText(value);
  }
  const apply = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== value) refine({ [name]: text.trim() });
  };
  return (
    <form class="field" onSubmit={apply} onFocusOut={apply}>
      <TextField label={label} value={text} onValue={setText} placeholder={placeholder} />
    </form>
  );
}
