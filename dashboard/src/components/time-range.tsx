// Which span of time a page looks at.
import { refine } from '../routing/route';
import { isRange, RANGES } from '../routing/time-range';
import type { Range } from '../routing/time-range';

const NAMES: Readonly<Record<Range, string>> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
};

interface Props {
  readonly params: URLSearchParams;
  /** What an address without a span means; absent: all of it. */
  readonly fallback?: Range;
}

export function TimeRange({ params, fallback }: Props) {
  const own = params.has('since') || params.has('until');
  const range = params.get('range');
  const value = own ? 'own' : isRange(range) ? range : (fallback ?? 'all');
  return (
    <div class="field">
      <label for="time-range">Time</label>
      <select
        id="time-range"
        value={value}
        onChange={({ currentTarget }) =>
          refine({
            range: currentTarget.value === fallback || currentTarget.value === 'all' ? undefined : currentTarget.value,
            since: undefined,
            until: undefined,
          })
        }
      >
        {!fallback && <option value="all">Any time</option>}
        {RANGES.map((each) => (
          <option key={each} value={each}>
            {NAMES[each]}
          </option>
        ))}
        {own && <option value="own">Own span</option>}
      </select>
    </div>
  );
}
