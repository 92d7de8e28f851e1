// Whose turn it is. Pure. Each owner gets the same share of the time, not of the turns: one whose work is slow waits until
// the others have had as much (start-time fair queueing, Goyal, Vin, Cheng 1996).

interface Line<Job> {
  /** How much time the owner had, counted from where the others stood when it came. */
  usedMs: number;
  readonly jobs: Job[];
}

export class FairQueue<Job> {
  private readonly lines = new Map<string, Line<Job>>();
  /** Where those stand that are served: nobody saves up time by staying away. */
  private servedMs = 0;

  add(owner: string, job: Job): void {
    let line = this.lines.get(owner);
    if (!line) this.lines.set(owner, (line = { usedMs: this.servedMs, jobs: [] }));
    line.jobs.push(job);
  }

  /** The next job, and its owner: the oldest of the owner that had the least time. */
  next(): { readonly owner: string; readonly job: Job } | undefined {
    let first: [owner: string, line: Line<Job>] | undefined;
    for (const [owner, line] of this.lines) {
      // Forgotten only once everybody has had as much: coming back anew is no way to jump the queue.
      if (line.jobs.length === 0 && line.usedMs <= this.servedMs) this.lines.delete(owner);
      else if (line.jobs.length > 0 && (!first || line.usedMs < first[1].usedMs)) first = [owner, line];
    }
    if (!first) return undefined;
    const [owner, line] = first;
    this.servedMs = Math.max(this.servedMs, line.usedMs);
    return { owner, job: line.jobs.shift()! };
  }

  /** Takes back a job that has not had its turn: nothing of it is kept until it would have. */
  drop(owner: string, job: Job): void {
    const jobs = this.lines.get(owner)?.jobs;
    const at = jobs?.indexOf(job) ?? -1;
    if (at >= 0) jobs?.splice(at, 1);
  }

  /** That a job of this owner took so long. */
  spent(owner: string, tookMs: number): void {
    const line = this.lines.get(owner);
    if (line) line.usedMs += tookMs;
  }
}
