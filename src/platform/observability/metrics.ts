// What happens, counted for Prometheus. Counting is an addition in memory, and nothing at all where metrics are off; the
// texts are made when somebody asks. The registry is our own: a host's default one stays as it is.
import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { inTime } from '../../kernel/in-time.js';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';

/** Values by the one label that they have; without one, the only value under ''. `undefined`: not known at the moment. */
export type Reading = Readonly<Record<string, number>> | undefined;

/** Adds one to the series of these label values. */
type Count<Labels extends readonly string[]> = (...values: { [At in keyof Labels]: string }) => void;

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Series of one counter. What would be more counts under `other`, in the place of the first label's value. */
const MAX_SERIES = 1_000;
const OTHER = 'other';

/** How long a scrape waits for one reading: what does not answer must not take the others with it. */
const READ_MS = 2_000;

/**
 * The counters of this process. The server serves them at `/metrics`; in an application of your own, add `text()` to what
 * yours answers.
 *
 * @example
 * \@Get('metrics')
 * async metrics(): Promise<string> {
 *   return (await register.metrics()) + (await this.posthorn.text());
 * }
 */
@Injectable()
export class Metrics {
  readonly #registry = new Registry();
  readonly #enabled: boolean;

  constructor(@Inject(SETTINGS_TOKEN) { metrics }: Pick<Settings, 'metrics'>) {
    this.#enabled = metrics;
  }

  /**
   * A counter, once per name. All labels but the first must be of a closed list: only the first is kept from growing. No
   * label may hold what belongs to a tenant.
   *
   * @internal
   */
  counter<const Labels extends readonly [string, ...string[]]>(
    name: string,
    help: string,
    labels: Labels,
  ): Count<Labels> {
    if (!this.#enabled) return () => undefined;
    const series = new Map<string, { readonly values: readonly string[]; count: number }>();
    this.#registry.registerMetric(
      new Counter<string>({
        name,
        help,
        labelNames: [...labels],
        registers: [],
        collect() {
          this.reset();
          for (const { values, count } of series.values())
            this.inc(Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ''])), count);
        },
      }),
    );
    return (...given) => {
      let values: readonly string[] = given;
      let entry = series.get(values.join('\n'));
      if (!entry && series.size >= MAX_SERIES) {
        values = [OTHER, ...values.slice(1)];
        entry = series.get(values.join('\n'));
      }
      if (!entry) series.set(values.join('\n'), (entry = { values, count: 0 }));
      entry.count += 1;
    };
  }

  /**
   * A histogram without labels, once per name. What it gives observes one value.
   *
   * @internal
   */
  histogram(name: string, help: string, buckets: readonly number[]): (value: number) => void {
    if (!this.#enabled) return () => undefined;
    const histogram = new Histogram({ name, help, buckets: [...buckets], registers: [] });
    this.#registry.registerMetric(histogram);
    return (value) => histogram.observe(value);
  }

  /**
   * What is read when somebody asks. Where reading fails there is no sample: an old one would be taken for a new one. A label must
   * be of a closed list.
   *
   * @internal
   */
  gauge(name: string, help: string, label: string | undefined, read: () => Reading | Promise<Reading>): void {
    if (!this.#enabled) return;
    const gauge = new Gauge<string>({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [],
      async collect() {
        this.reset();
        const reading = await inTime(Promise.resolve().then(read), READ_MS);
        // prom-client has a gauge without labels begin at 0, which nobody has read.
        if (label === undefined && reading?.[''] === undefined) this.remove();
        for (const [value, number] of Object.entries(reading ?? {}))
          if (label === undefined) this.set(number);
          else this.set({ [label]: value }, number);
      },
    });
    this.#registry.registerMetric(gauge);
  }

  /** All of them in Prometheus's text format; empty where metrics are off. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
