// Lets what is to be written at the same moment share a statement, and so a commit: most of what it costs to write a row is paid
// per statement. There is no timer: what comes while statements run goes with the next one, and what comes alone goes at once.
// Events that are dispatched, webhooks that are received and outcomes of handlers are written through one each.

/** Statements of one line at a time: two, so that what comes while a small one runs need not wait for its end. */
const MAX_STATEMENTS = 2;

/**
 * While so many items of a line are under way, what comes gathers for the next statement. With two large statements at a time, each
 * would hold half of what one can: PostgreSQL and this process would pay twice, and be done no sooner.
 */
const MANY_ITEMS = 8;

/** Bounds of one statement: beyond that there is little left to share, and bytes are held until it commits. */
const MAX_ITEMS = 100;
const MAX_BYTES = 1_048_576;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface Line<Item, Result> {
  waiting: Waiting<Item, Result>[];
  /** Each with a statement under way, or about to have one. */
  workers: number;
  itemsUnderWay: number;
}

/** What a gatherer has to know of its items. */
interface Gathering<Item, Result> {
  /** Items of different lines neither wait for each other nor share a statement. */
  readonly lineOf: (item: Item) => string;
  /** Two of one key are never in one statement, which could not write both. Orders the items, so that statements lock alike. */
  readonly keyOf: (item: Item) => string;
  readonly bytesOf: (item: Item) => number;
  /** Writes items in one transaction, all or none; one result for each. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>;
}

export class Gatherer<Item, Result> {
  readonly #lines = new Map<string, Line<Item, Result>>();

  constructor(private readonly gathering: Gathering<Item, Result>) {}

  /** Resolves once the item is committed. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const name = this.gathering.lineOf(item);
      let line = this.#lines.get(name);
      if (!line) this.#lines.set(name, (line = { waiting: [], workers: 0, itemsUnderWay: 0 }));
      line.waiting.push({ item, resolve, reject });
      if (line.workers < MAX_STATEMENTS && line.itemsUnderWay < MANY_ITEMS) void this.work(name, line);
    });
  }

  private async work(name: string, line: Line<Item, Result>): Promise<void> {
    line.workers += 1;
    // What came in the same turn of the event loop goes along: under load, that is most of it.
    await new Promise((resolve) => setImmediate(resolve));
    // Where it stops for the other's items, the other goes on when those are written.
    while (line.waiting.length > 0 && line.itemsUnderWay < MANY_ITEMS) {
      const batch = this.takeBatch(line);
      line.itemsUnderWay += batch.length;
      await this.writeTogether(batch);
      line.itemsUnderWay -= batch.length;
    }
    line.workers -= 1;
    if (line.workers === 0) this.#lines.delete(name);
  }

  /** Never rejects: each item's own promise tells. */
  private async writeTogether(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.gathering.write(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, at) => resolve(results[at] as Result));
    } catch (error) {
      if (batch.length > 1 && isOfOneItem(error)) for (const one of batch) await this.writeTogether([one]);
      else for (const { reject } of batch) reject(error);
    }
  }

  /** From the front; a single item may exceed the bounds. What has the key of another stays for the next one. */
  private takeBatch(line: Line<Item, Result>): Waiting<Item, Result>[] {
    const taken = new Map<string, Waiting<Item, Result>>();
    const left: Waiting<Item, Result>[] = [];
    let bytes = 0;
    for (const one of line.waiting) {
      const key = this.gathering.keyOf(one.item);
      const size = this.gathering.bytesOf(one.item);
      const fits = taken.size < MAX_ITEMS && (taken.size === 0 || bytes + size <= MAX_BYTES);
      if (!fits || taken.has(key)) {
        left.push(one);
        continue;
      }
      taken.set(key, one);
      bytes += size;
    }
    line.waiting = left;
    return [...taken].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  }
}

/**
 * SQLSTATE classes 22, 23 and 54: PostgreSQL refused some item's values and wrote nothing. After any other error the
 * statement may have committed, or the next would fail likewise.
 */
const isOfOneItem = (error: unknown): boolean => /^(?:2[23]|54)/.test(String((error as { code?: unknown }).code));
