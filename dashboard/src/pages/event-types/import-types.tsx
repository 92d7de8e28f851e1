// Taking event types from an OpenAPI document: first what it would do, then doing it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { objectOf } from '../../api/json-object';
import { useAction } from '../../api/use-action';
import { Button, ButtonLink } from '../../components/button';
import { FileField, TextArea } from '../../components/fields';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { hrefOf } from '../../routing/route';

const BACK = { href: hrefOf('event-types'), title: 'Event types' };

interface Imported {
  readonly dryRun: boolean;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly unchanged: readonly string[];
}

export function ImportTypes() {
  const [text, setText] = useState('');
  /** What was answered, and to which text: another text has not been looked at yet. */
  const [answer, setAnswer] = useState<{ readonly to: string; readonly imported: Imported }>();
  const { busy, refused, run } = useAction();
  const document = objectOf(text);
  const imported = answer?.to === text ? answer.imported : undefined;
  const ask = (dryRun: boolean): void =>
    run(async () => {
      const found = await api.post<Imported>('event-types/import', { document, dryRun });
      setAnswer({ to: text, imported: found });
    });
  const submit = (event: Event): void => {
    event.preventDefault();
    if (document) ask(!imported);
  };
  return (
    <>
      <PageHead title="Import event types" back={BACK} />
      <form class="panel stack narrow" onSubmit={submit} novalidate>
        <p class="muted">
          From the <code>webhooks</code> of an OpenAPI document of version 3.1 or 3.2. Types that it does not name stay
          as they are.
        </p>
        <FileField label="File" accept=".json,application/json" onText={setText} />
        <TextArea
          label="Document"
          mono
          rows={12}
          value={text}
          onValue={setText}
          hint="JSON."
          error={text.trim() === '' || document ? undefined : 'This is not a JSON object yet.'}
        />
        {refused && <Notice tone="bad">{refused}</Notice>}
        {imported && <Said imported={imported} />}
        <div class="row">
          {imported && !imported.dryRun ? (
            <ButtonLink href={BACK.href} kind="primary">
              See them
            </ButtonLink>
          ) : (
            <Button type="submit" kind="primary" busy={busy} disabled={!document}>
              {imported ? 'Import them' : 'See what it would do'}
            </Button>
          )}
          <ButtonLink href={BACK.href}>Cancel</ButtonLink>
        </div>
      </form>
    </>
  );
}

function Said({ imported: { dryRun, created, updated, unchanged } }: { readonly imported: Imported }) {
  const would = dryRun ? 'would be ' : '';
  const parts = [
    [created, `${would}added`],
    [updated, `${would}changed`],
    [unchanged, dryRun ? 'would stay as they are' : 'stay as they are'],
  ] as const;
  return (
    <Notice tone={dryRun ? 'plain' : 'good'}>
      <ul class="plain-list">
        {parts
          .filter(([names]) => names.length > 0)
          .map(([names, what]) => (
            <li key={what}>
              {names.length.toLocaleString()} {what}: <span class="mono">{names.join(', ')}</span>
            </li>
          ))}
      </ul>
    </Notice>
  );
}
