// What was made of the schemas of all tenants, within bounds: it is many times their size. Where there is no room for one more,
// the tenant that has the most of it gives way, with what it used longest ago: nobody has another's read again and again.

/** What an entry takes besides its schema; also bounds how many there are. */
const ENTRY_BYTES = 1_024;

interface Shelf<Value> {
  bytes: number;
  /** In the order of their last use. */
  readonly entries: Map<string, { readonly value: Value; readonly bytes: number }>;
}

export class KeptSchemas<Value> {
  readonly #shelves = new Map<string, Shelf<Value>>();
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get(tenantId: string, id: string): Value | undefined {
    const entries = this.#shelves.get(tenantId)?.entries;
    const entry = entries?.get(id);
    if (!entries || !entry) return undefined;
    entries.delete(id);
    entries.set(id, entry);
    return entry.value;
  }

  /** @param schemaBytes - Of the schema that it was made of. */
  set(tenantId: string, id: string, value: Value, schemaBytes: number): void {
    this.delete(tenantId, id);
    const bytes = schemaBytes + ENTRY_BYTES;
    const shelf = this.#shelves.get(tenantId) ?? { bytes: 0, entries: new Map() };
    this.#shelves.set(tenantId, shelf);
    shelf.entries.set(id, { value, bytes });
    shelf.bytes += bytes;
    this.#bytes += bytes;
    while (this.#bytes > this.maxBytes) this.forgetOne();
  }

  private forgetOne(): void {
    let [most] = this.#shelves;
    for (const each of this.#shelves) if (most && each[1].bytes > most[1].bytes) most = each;
    const [oldest] = most?.[1].entries.keys() ?? [];
    if (most && oldest !== undefined) this.delete(most[0], oldest);
  }

  private delete(tenantId: string, id: string): void {
    const shelf = this.#shelves.get(tenantId);
    const entry = shelf?.entries.get(id);
    if (!shelf || !entry) return;
    shelf.entries.delete(id);
    shelf.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    if (shelf.entries.size === 0) this.#shelves.delete(tenantId);
  }
}
