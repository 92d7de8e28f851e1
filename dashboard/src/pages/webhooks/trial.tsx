// Would this webhook get that event, and what would it be sent? Asked of the API, which judges exactly so when it sends.
import { useEffect, useState } from 'preact/hooks';
import { api, sentenceOf } from '../../api/client';
import { objectOf } from '../../api/json-object';
import type { FilterVerdict, Transformed } from '../../api/types';
import { Code } from '../../components/code';
import { TextArea, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { jsonOf } from './draft';
import type { Draft } from './draft';

/** While one types, it is asked when the fingers rest. */
const REST_MS = 300;

interface Props {
  readonly path: string;
  readonly draft: Draft;
  readonly suggested: string;
  readonly types: readonly string[];
}

export function Trial({ path, draft, suggested, types }: Props) {
  const [event, setEvent] = useState(/[*]/.test(suggested) ? (types[0] ?? 'order.completed') : suggested);
  const [text, setText] = useState('{\n  "total": 250\n}');
  const data = objectOf(text);
  const [filter, transformation] = [jsonOf(draft.filter), draft.transformation.trim()];
  const verdict = useAnswer<FilterVerdict>(
    `${path}/test-filter`,
    data && filter !== undefined ? { event, data, filter } : undefined,
  );
  const made = useAnswer<Transformed>(
    `${path}/test-transformation`,
    data && transformation !== '' ? { event, data, transformation } : undefined,
  );
  return (
    <section class="panel stack" aria-label="Try it">
      <h2>Try it</h2>
      <TextField label="Event type to try" value={event} onValue={setEvent} choices={types} />
      <TextArea
        label="Data to try"
        mono
        rows={8}
        value={text}
        onValue={setText}
        error={data ? undefined : 'This is not a JSON object yet.'}
      />
      {verdict.refused ? <Notice tone="bad">{verdict.refused}</Notice> : verdict.value && <Said {...verdict.value} />}
      {transformation !== '' && (
        <>
          <h3>It would be sent</h3>
          {made.refused ? <Notice tone="bad">{made.refused}</Notice> : made.value && <Made {...made.value} />}
        </>
      )}
    </section>
  );
}

/** What the API says to a question, asked again whenever it changes; nothing while there is none. */
function useAnswer<Answer>(path: string, question: object | undefined) {
  const [answer, setAnswer] = useState<{ readonly value?: Answer; readonly refused?: string }>({});
  const asked = JSON.stringify(question);
  useEffect(() => {
    if (asked === undefined) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      api.post<Answer>(path, JSON.parse(asked) as object, controller.signal).then(
        (value) => setAnswer({ value }),
        (error: unknown) => controller.signal.aborted || setAnswer({ refused: sentenceOf(error) }),
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [asked, path]);
  return answer;
}

function Said({ matched, subscribed, failedClause }: FilterVerdict) {
  if (matched) return <Notice tone="good">It would get this event.</Notice>;
  if (!subscribed) return <Notice tone="warn">It would not: it does not subscribe to this type.</Notice>;
  return (
    <Notice tone="warn">
      It would not
      {failedClause && failedClause.clause !== ''
        ? `: ${failedClause.clause} is to be ${JSON.stringify(failedClause.expected)}.`
        : ': the filter does not let it through.'}
    </Notice>
  );
}

const Made = ({ result, error }: Transformed) =>
  error === null ? (
    <Code label="What would be sent" text={JSON.stringify(result, null, 2)} />
  ) : (
    <Notice tone="bad">It fails: {error}</Notice>
  );
