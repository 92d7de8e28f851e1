// A chart over time, by uPlot. Its numbers are also said in words, for who cannot see it.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Series {
  readonly title: string;
  /** The custom property that colours it, such as `--accent`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface Props {
  /** What is seen, in a sentence. */
  readonly label: string;
  readonly at: readonly string[];
  /** How long a value of `at` stands for: the last one needs its room too. */
  readonly bucketSeconds: number;
  readonly series: readonly Series[];
  readonly kind: 'bars' | 'lines';
  readonly unit?: string;
}

const HEIGHT = 190;

export function Chart({ label, at, bucketSeconds, series, kind, unit = '' }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useTheme();
  const shape = series.map(({ title, color }) => title + color).join();

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const drawn = new uPlot(optionsOf(element, series, kind, unit, bucketSeconds), dataOf(at, series), element);
    plot.current = drawn;
    const watch = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      drawn.destroy();
    };
  }, [theme, kind, unit, shape, bucketSeconds]);
  useEffect(() => plot.current?.setData(dataOf(at, series)), [at, series]);

  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={label} />
      <figcaption>
        {series.map(({ title, color }) => (
          <span key={title} class={`key ${color.slice(2)}`}>
            {title}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

const dataOf = (at: readonly string[], series: readonly Series[]): uPlot.AlignedData => [
  at.map((instant) => Date.parse(instant) / 1_000),
  ...series.map(({ values }) => [...values]),
];

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  kind: Props['kind'],
  unit: string,
  bucketSeconds: number,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colorOf(element, '--muted'),
    grid: { stroke: colorOf(element, '--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
  };
  const bars = uPlot.paths.bars?.({ size: [0.8, 30], align: 1 });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false } },
    scales: {
      x: { range: (_, from, to) => [from, to + bucketSeconds] },
      y: { range: (_, __, most) => [0, Math.max(1, (most ?? 0) * 1.1)] },
    },
    axes: [axis, { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => `${tick.toLocaleString()}${unit}`) }],
    series: [
      {},
      ...series.map(({ title, color }): uPlot.Series => {
        const stroke = colorOf(element, color);
        return kind === 'bars'
          ? { label: title, fill: stroke, stroke, width: 0, paths: bars, points: { show: false } }
          : { label: title, stroke, width: 2, spanGaps: false, points: { size: 4 } };
      }),
    ],
  };
}

/** The colour itself: a canvas knows no custom properties. */
function colorOf(element: HTMLElement, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Changes whenever colours do. */
function useTheme(): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    const change = (): void => setRound((n) => n + 1);
    const watch = new MutationObserver(change);
    watch.observe(document.documentElement, { attributeFilter: ['data-theme', 'style'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', change);
    return () => {
      watch.disconnect();
      system.removeEventListener('change', change);
    };
  }, []);
  return round;
}
