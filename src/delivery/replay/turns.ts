// Whose replay goes on next. Pure. One of each tenant before a second of any, and of a tenant each in its turn: whoever has thousands,
// none of which may go on, waits for itself.

/** A replay that is to go on. */
export interface Unfinished {
  readonly id: string;
  readonly tenantId: string;
  readonly webhookId: string;
}

export class Turns {
  /** The webhook of each tenant whose turn was last. */
  #last = new Map<string, string>();

  /**
   * In rounds: each has one of every tenant that has any left.
   *
   * @param unfinished - All there are, one of each webhook, in the order of their webhooks.
   */
  *rounds(unfinished: readonly Unfinished[]): Generator<readonly Unfinished[]> {
    const ofTenant = new Map<string, Unfinished[]>();
    for (const replay of unfinished) {
      const own = ofTenant.get(replay.tenantId);
      if (own) own.push(replay);
      else ofTenant.set(replay.tenantId, [replay]);
    }
    // Of tenants that have none, nothing needs to be known.
    this.#last = new Map([...this.#last].filter(([tenantId]) => ofTenant.has(tenantId)));
    const lines = [...ofTenant].map(([tenantId, own]) => this.fromLastOn(tenantId, own));
    for (let at = 0; ; at += 1) {
      const round = lines.flatMap((line) => line[at] ?? []);
      if (round.length === 0) return;
      for (const { tenantId, webhookId } of round) this.#last.set(tenantId, webhookId);
      yield round;
    }
  }

  private fromLastOn(tenantId: string, own: readonly Unfinished[]): readonly Unfinished[] {
    const last = this.#last.get(tenantId);
    const next = last === undefined ? 0 : own.findIndex(({ webhookId }) => webhookId > last);
    return next <= 0 ? own : [...own.slice(next), ...own.slice(0, next)];
  }
}
