// Would this webhook get that event? Asked of the API, which judges exactly so when it sends.
import { useEffect, useState } from 'preact/hooks';
import { api, sentenceOf } from '../../api/client';
import type { FilterVerdict } from '../../api/types';
import { TextArea, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import { jsonOf } from './webhook-form';

/** While one types, it is asked when the fingers rest. */
const REST_MS = 300;

interface Props {
  readonly path: string;
  /** `undefined`: it is no JSON yet. */
  readonly filter: unknown;
  readonly suggested: string;
  readonly types: readonly string[];
}

export function FilterTest({ path, filter, suggested, types }: Props) {
  const [event, setEvent] = useState(/[*]/.test(suggested) ? (types[0] ?? 'order.completed') : suggested);
  const [data, setData] = useState('{\n  "total": 250\n}');
  const [verdict, setVerdict] = useState<FilterVerdict>();
  const [refused, setRefused] = useState<string>();
  const parsed = jsonOf(data);
  const question = JSON.stringify({ event, data: parsed, filter });

  useEffect(() => {
    if (filter === undefined || typeof parsed !== 'object' || parsed === null) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      api.post<FilterVerdict>(`${path}/test-filter`, { event, data: parsed, filter }, controller.signal).then(
        (answer) => {
          setVerdict(answer);
          setRefused(undefined);
        },
        (error: unknown) => controller.signal.aborted || setRefused(sentenceOf(error)),
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [question, path]);

  return (
    <section class="panel stack" aria-label="Try the filter">
      <h2>Try it</h2>
      <TextField label="Event type to try" value={event} onValue={setEvent} choices={types} />
      <TextArea
        label="Data to try"
        mono
        rows={8}
        value={data}
        onValue={setData}
        error={parsed === undefined || parsed === null ? 'This is not a JSON object yet.' : undefined}
      />
      {refused ? <Notice tone="bad">{refused}</Notice> : verdict && <Said verdict={verdict} />}
    </section>
  );
}

function Said({ verdict: { matched, subscribed, failedClause } }: { readonly verdict: FilterVerdict }) {
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
