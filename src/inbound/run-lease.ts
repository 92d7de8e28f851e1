// The lease over all runs of one claim, renewed until it is ended. The edge: a process that is held up for longer than a
// lease may find that somebody else runs them, and asks before it starts the next one.
import { monotonicNow } from '../kernel/clock.js';
import type { ClaimedRun, HandlerRunsRepository } from './handler-runs.repository.js';
import { RENEW_INTERVAL_MS } from './policy.js';
import type { Lane, SerialLanes } from './serial-lanes.js';

export class RunLease {
  /** The lane that the run at work holds. */
  lane: Lane | undefined;
  private ours: Set<string>;
  private renewedAt = monotonicNow();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly repository: HandlerRunsRepository,
    private readonly lanes: SerialLanes,
    private readonly eventId: string,
    private readonly runs: readonly ClaimedRun[],
  ) {
    this.ours = new Set(runs.map(({ handler }) => handler));
    // A renewal that fails is not the end: the next one, or the look before the next handler, decides.
    this.timer = setInterval(() => void this.renew().catch(() => undefined), RENEW_INTERVAL_MS);
  }

  /** Whether a run is surely still ours. */
  async covers({ handler }: ClaimedRun): Promise<boolean> {
    if (monotonicNow() - this.renewedAt > RENEW_INTERVAL_MS * 2) await this.renew().catch(() => this.ours.clear());
    return this.ours.has(handler);
  }

  end(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    const askedAt = monotonicNow();
    if (this.lane) await this.lanes.renew(this.lane);
    this.ours = await this.repository.renew(this.eventId, this.runs);
    this.renewedAt = askedAt;
  }
}
