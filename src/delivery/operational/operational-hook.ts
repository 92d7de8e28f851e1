// The seam where an application hears in code what happens to its webhooks, by a way that no failing receiver can block.

interface Fact<Name extends string, Data> {
  /** The id of the event, as `GET /api/events/:id` and its deliveries have it. */
  readonly id: string;
  readonly type: `posthorn.${Name}`;
  readonly tenantId: string;
  readonly occurredAt: Date;
  readonly data: Data;
}

/**
 * What happened: a webhook is about to be given up, was given up, works again; a delivery failed for good; a source with
 * `silentAfter` sends nothing, sends again.
 */
export type OperationalEvent =
  | Fact<
      'webhook.failing',
      {
        readonly webhookId: string;
        /** Failed attempts in a row. */
        readonly failures: number;
        readonly failingMs: number;
        /** How much of the rule for disabling it is reached: 50 or 75. */
        readonly percent: number;
      }
    >
  | Fact<'webhook.disabled', { readonly webhookId: string; readonly reason: 'gone' | 'failing' }>
  | Fact<'webhook.recovered', { readonly webhookId: string }>
  | Fact<
      'delivery.exhausted',
      {
        readonly deliveryId: string;
        readonly eventId: string;
        /** The type of the event that was not delivered. */
        readonly event: string;
        readonly webhookId: string;
        readonly attempts: number;
      }
    >
  | Fact<'source.silent' | 'source.recovered', Silence>;

interface Silence {
  readonly sourceId: string;
  /** The name of the source. */
  readonly source: string;
  /** When it was last heard of before, ISO 8601; the beginning of the watch where it never was. */
  readonly since: string;
}

/**
 * Hears of operational events in the process that caused them, after they are committed: at most once, in order, one at a
 * time per hook. Delivering waits for no hook. What a hook throws is logged; one that takes longer than 30 s is left to
 * itself; beyond 1,000 events that wait for it, further ones are dropped and counted in the log. A process that dies takes
 * what waits with it: what must not be missed is sent to a webhook that names `posthorn.*`.
 *
 * @example
 * @Injectable()
 * class Pager implements OperationalHook {
 *   constructor(private readonly mail: Mailer) {}
 *   async onOperationalEvent({ type, tenantId, data }: OperationalEvent) {
 *     if (type === 'posthorn.webhook.disabled') await this.mail.toOwnerOf(tenantId, data.webhookId);
 *   }
 * }
 * PosthornModule.forRoot({ operationalHooks: [Pager], imports: [MailModule], … })
 */
export interface OperationalHook {
  /** Hears of one event. The next one waits for it, 30 s at most. */
  onOperationalEvent(event: OperationalEvent): void | Promise<void>;
}
