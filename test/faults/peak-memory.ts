// How large the processes of a scenario became at most, as the kernel keeps it, and how large one may become.
import { existsSync, readFileSync } from 'node:fs';

/** The goal of the product, whatever waits and whatever receivers do: one bound for every process of every scenario. */
export const MAX_RSS_MB = 250;

const SAMPLE_MS = 500;

export class PeakMemory {
  private maxKb = 0;
  private readonly sampling = setInterval(() => this.sample(), SAMPLE_MS);

  /** @param processes - Those that run. */
  constructor(private readonly processes: () => Iterable<{ readonly pid: number }>) {}

  /** The largest so far, of those that ended too. 0 where there is no /proc. */
  get mb(): number {
    return Math.round(this.maxKb / 1_024);
  }

  /** Looks now: the kernel forgets the peak of a process with the process. */
  sample(): void {
    for (const { pid } of this.processes()) {
      const file = `/proc/${pid}/status`;
      try {
        const peak = existsSync(file) && /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1];
        this.maxKb = Math.max(this.maxKb, Number(peak || 0));
      } catch {
        // It ended between the two calls.
      }
    }
  }

  stop(): void {
    clearInterval(this.sampling);
  }
}
