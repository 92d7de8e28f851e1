// Lets events that wait at the same moment share a statement, and so a commit: most of what storing one event costs is
// paid per statement. No timer: what comes while statements run goes with the next one, so a lone event waits for nobody.
import type { NewEvent } from '../delivery/index.js';

/** Statements of a tenant under way. With one, PostgreSQL would idle while this process prepares the next. */
const MAX_UNDER_WAY = 2;

/** Bounds of one statement: beyond a hundred events there is little left to share, and bytes are held until it commits. */
const MAX_EVENTS = 100;
const MAX_CHARACTERS = 1_048_576;

/** Stores events in one transaction, and tells how many deliveries of each are pending. */
export type StoreEvents = (tenantId: string, events: readonly NewEvent[]) => Promise<ReadonlyMap<string, number>>;

interface Waiting {
  readonly event: NewEvent;
  readonly resolve: (pending: number) => void;
  readonly reject: (error: unknown) => void;
}

/** What one tenant waits for; tenants neither wait for each other nor share statements. */
interface Line {
  readonly waiting: Waiting[];
  underWay: number;
}

export class EventGatherer {
  readonly #lines = new Map<string, Line>();

  constructor(private readonly store: StoreEvents) {}

  /** Resolves once the event is committed, with its number of pending deliveries. */
  add(tenantId: string, event: NewEvent): Promise<number> {
    return new Promise((resolve, reject) => {
      let line = this.#lines.get(tenantId);
      if (!line) this.#lines.set(tenantId, (line = { waiting: [], underWay: 0 }));
      line.waiting.push({ event, resolve, reject });
      if (line.underWay < MAX_UNDER_WAY) void this.work(tenantId, line);
    });
  }

  private async work(tenantId: string, line: Line): Promise<void> {
    line.underWay += 1;
    while (line.waiting.length > 0) await this.storeTogether(tenantId, takeBatch(line.waiting));
    line.underWay -= 1;
    if (line.underWay === 0) this.#lines.delete(tenantId);
  }

  /** Never rejects: each event's own promise tells. */
  private async storeTogether(tenantId: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const pending = await this.store(
        tenantId,
        batch.map(({ event }) => event),
      );
      for (const { event, resolve } of batch) resolve(pending.get(event.id) ?? 0);
    } catch (error) {
      if (batch.length > 1 && isOfOneEvent(error)) for (const one of batch) await this.storeTogether(tenantId, [one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}

/** From the front, in order; a single event may exceed the bounds. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let characters = 0;
  for (const { event } of waiting) {
    characters += event.data.length;
    if (count === MAX_EVENTS || (count > 0 && characters > MAX_CHARACTERS)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/**
 * SQLSTATE classes 22, 23 and 54: PostgreSQL refused some event's values and stored nothing. After any other error the
 * statement may have committed, or the next would fail likewise.
 */
const isOfOneEvent = (error: unknown): boolean => /^(?:2[23]|54)/.test(String((error as { code?: unknown }).code));
