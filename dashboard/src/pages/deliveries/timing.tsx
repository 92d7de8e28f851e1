// Where the time of an attempt went: as a bar, and in words.
import type { Attempt } from '../../api/types';
import { durationText } from '../../components/time';

type Phases = NonNullable<Attempt['timing']>;

const PHASES = [
  { key: 'waitMs', title: 'Before connecting' },
  { key: 'connectMs', title: 'Name, connection, TLS' },
  { key: 'firstByteMs', title: 'Until the first byte of the answer' },
  { key: 'bodyMs', title: 'Reading the answer' },
] as const;

export function Timing({ timing }: { readonly timing: Phases }) {
  let total = 0;
  const phases = PHASES.map(({ key, title }) => {
    const ms = timing[key];
    const from = total;
    total += ms ?? 0;
    return { key, title, ms, from };
  });
  const isReused = timing.connectMs === null && timing.firstByteMs !== null;
  return (
    <section class="panel timing" aria-label="Where the time went">
      {total > 0 && (
        <svg viewBox={`0 0 ${total} 1`} preserveAspectRatio="none" aria-hidden="true">
          {phases.map(({ key, ms, from }) => (
            <rect key={key} class={key} x={from} width={ms ?? 0} height={1} />
          ))}
        </svg>
      )}
      <ul>
        {phases.map(
          ({ key, title, ms }) =>
            ms !== null && (
              <li key={key}>
                <span class={`swatch ${key}`} aria-hidden="true" />
                {title}: <strong>{durationText(ms)}</strong>
              </li>
            ),
        )}
        {isReused && <li class="muted">Over a connection that was open already</li>}
      </ul>
    </section>
  );
}
