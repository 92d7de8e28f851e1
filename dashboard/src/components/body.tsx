// A body: indented to read, or byte for byte as it is.
import { useState } from 'preact/hooks';
import { Button } from './button';
import { Code, pretty } from './code';

interface Props {
  readonly title: string;
  /** Null: there is none, or it was erased. */
  readonly text: string | null;
}

export function Body({ title, text }: Props) {
  const [raw, setRaw] = useState(false);
  const indented = text === null ? '' : pretty(text);
  return (
    <section class="panel stack">
      <div class="row spread">
        <h2>{title}</h2>
        {text !== null && indented !== text && (
          <div class="row">
            <Button kind="quiet" pressed={!raw} onClick={() => setRaw(false)}>
              Pretty
            </Button>
            <Button kind="quiet" pressed={raw} onClick={() => setRaw(true)}>
              Raw
            </Button>
          </div>
        )}
      </div>
      {text === null || text === '' ? (
        <p class="muted">{text === null ? 'It is not there: it was erased, or never kept.' : 'It was empty.'}</p>
      ) : (
        <Code label={title} text={raw ? text : indented} />
      )}
    </section>
  );
}
