// How many requests may be in flight: in all, and for one webhook, so that a receiver that hangs holds a part of the
// slots and not all of them.

/** Part of all slots that one webhook may hold. */
const WEBHOOK_PART = 4;

/** What must be free before a claim is worth its round trip: this part of all slots, or of one webhook's. */
const WORTH_PART = 8;

export class SendSlots {
  private readonly perWebhook: number;
  private readonly worth: number;
  private readonly worthPerWebhook: number;
  private readonly busy = new Map<string, number>();
  private taken = 0;
  private webhooksOnWalk = 1;
  private onIdle: (() => void) | undefined;

  /** @param onRoom - Called when so much has become free that a claim is worth it again. */
  constructor(
    readonly limit: number,
    private readonly onRoom: () => void,
  ) {
    this.perWebhook = Math.max(1, Math.floor(limit / WEBHOOK_PART));
    this.worth = Math.max(1, Math.floor(limit / WORTH_PART));
    this.worthPerWebhook = Math.max(1, Math.floor(this.perWebhook / WORTH_PART));
  }

  /** Whether enough is free to claim again. */
  get worthClaiming(): boolean {
    return this.limit - this.taken >= this.worth;
  }

  /**
   * What may be claimed now. Each webhook gets an equal share of what is free, judged by how many had due work on the
   * last walk, so that the first ones in line do not take it all.
   */
  room(): { total: number; perWebhook: number; perBusyWebhook: Map<string, number> } {
    const total = this.limit - this.taken;
    const share = Math.min(this.perWebhook, Math.max(1, Math.ceil(total / this.webhooksOnWalk)));
    const perBusyWebhook = new Map<string, number>();
    for (const [webhookId, inFlight] of this.busy) {
      const left = this.perWebhook - inFlight;
      perBusyWebhook.set(webhookId, left < this.worthPerWebhook ? 0 : Math.min(share, left));
    }
    return { total, perWebhook: share, perBusyWebhook };
  }

  /** Remembers on how many webhooks the last claim found work. */
  noteWalk(webhooks: number): void {
    this.webhooksOnWalk = Math.max(1, webhooks);
  }

  take(webhookId: string): void {
    this.taken += 1;
    this.busy.set(webhookId, (this.busy.get(webhookId) ?? 0) + 1);
  }

  free(webhookId: string): void {
    const left = (this.busy.get(webhookId) ?? 1) - 1;
    if (left === 0) this.busy.delete(webhookId);
    else this.busy.set(webhookId, left);
    this.taken -= 1;
    // Only crossing a threshold is news: one call per free slot would be one claim per free slot.
    if (left === this.perWebhook - this.worthPerWebhook || this.taken === this.limit - this.worth) this.onRoom();
    if (this.taken === 0) this.onIdle?.();
  }

  /** Resolves once nothing is in flight, or after `withinMs`. */
  async idle(withinMs: number): Promise<void> {
    if (this.taken === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
