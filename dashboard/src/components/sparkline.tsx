// A chart as small as a word: attempts as bars, of which the failed part is red.
interface Props {
  readonly buckets: readonly { readonly at: string; readonly attempts: number; readonly failures: number }[];
}

const HEIGHT = 24;
const BAR = 3;

export function Sparkline({ buckets }: Props) {
  const most = Math.max(1, ...buckets.map(({ attempts }) => attempts));
  // What happened at all is seen, however little it is beside the rest.
  const tall = (count: number): number => (count === 0 ? 0 : Math.max(1.5, (count / most) * HEIGHT));
  const sum = (of: 'attempts' | 'failures'): number => buckets.reduce((total, bucket) => total + bucket[of], 0);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${buckets.length * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${sum('attempts').toLocaleString()} attempts, ${sum('failures').toLocaleString()} failed`}
    >
      {buckets.map(({ at, attempts, failures }, index) => (
        <g key={at}>
          <rect x={index * BAR} y={HEIGHT - tall(attempts)} width={BAR - 1} height={tall(attempts)} />
          <rect class="bad" x={index * BAR} y={HEIGHT - tall(failures)} width={BAR - 1} height={tall(failures)} />
        </g>
      ))}
    </svg>
  );
}

/** `97.5 %`; never 100 where something failed. */
export function rateText(rate: number | null): string {
  if (rate === null) return '–';
  const percent = rate < 1 ? Math.min(99.9, Math.floor(rate * 1_000) / 10) : 100;
  return `${percent} %`;
}
