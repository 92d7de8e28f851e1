/** Work that comes again and again. One round after the other, never two at once, however long one takes. */
export class Rounds {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<unknown> = Promise.resolve();
  private stopped = false;

  /** @param failed - Told why a round failed; the next one tries again. */
  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly pauseMs: number,
    private readonly failed: (error: Error) => void,
  ) {}

  get isStopped(): boolean {
    return this.stopped;
  }

  start(afterMs = 0): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.round = this.work()
        .catch(this.failed)
        .finally(() => this.start(this.pauseMs));
    }, afterMs);
  }

  /** No round begins any more. Resolves once the one that is under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }
}
