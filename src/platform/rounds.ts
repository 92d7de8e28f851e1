/**
 * Work that is repeated, one round after the other: never two at once, however long one takes. A round may answer how many
 * milliseconds the next pause is.
 */
export class Rounds {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private isUnderWay = false;
  /** A round is asked for that begins after now: the one under way may have looked before. */
  private askedAgain = false;
  private stopped = false;

  /** @param failed - Told why a round failed; the next one tries again, after `pauseMs` or what this answers. */
  constructor(
    private readonly work: () => Promise<number | void>,
    private readonly pauseMs: number,
    private readonly failed: (error: Error) => number | void,
  ) {}

  get isStopped(): boolean {
    return this.stopped;
  }

  start(afterMs = 0): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.startNow(), afterMs);
  }

  /** Begins with a round that is waited for. */
  startNow(): Promise<void> {
    return (this.round = this.run());
  }

  /** The next round begins at once, or when the one that is under way has ended. None does before the first `start`. */
  soon(): void {
    if (this.isUnderWay) this.askedAgain = true;
    else if (this.timer) this.start();
  }

  /** No round begins any more. Resolves once the one that is under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }

  private async run(): Promise<void> {
    [this.isUnderWay, this.askedAgain] = [true, false];
    const pauseMs = await this.work().catch(this.failed);
    this.isUnderWay = false;
    this.start(this.askedAgain ? 0 : (pauseMs ?? this.pauseMs));
  }
}
