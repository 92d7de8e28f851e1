// How much of this process the schemas of a tenant may have to be read: up to a second of it at once, while nobody else has a turn.
// What is read is kept, so an honest catalogue takes its time once. In processor time, as judging is counted.
import { BoundedMap } from '../../kernel/bounded-map.js';
import { cpuNow, monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';
import { EventSchema } from './event-schema.js';
import { SchemasTooCostlyError } from './event-types.errors.js';

/** So much at once, enough for some 4 MiB of schemas; and so much in every minute from then on. */
const MOST_MS = 10_000;
const MS_PER_MINUTE = 3_000;
const MINUTE_MS = 60_000;

/** Bounds the memory; whoever read longest ago is forgotten. */
const MAX_TENANTS = 10_000;

/** The schema, or what is wrong with it. */
export type ReadSchema = (schema: object) => EventSchema | readonly string[];

export class ReadingTime {
  readonly #left = new BoundedMap<string, { readonly leftMs: number; readonly atMs: number }>(MAX_TENANTS);

  constructor(
    private readonly cpu: Clock = cpuNow,
    private readonly clock: Clock = monotonicNow,
  ) {}

  /** @throws SchemasTooCostlyError where the tenant has no time left. */
  read(tenantId: string, schema: object): EventSchema | readonly string[] {
    const leftMs = this.leftMs(tenantId);
    if (leftMs <= 0) throw new SchemasTooCostlyError();
    const begun = this.cpu();
    try {
      return EventSchema.read(schema);
    } finally {
      this.#left.set(tenantId, { leftMs: leftMs - (this.cpu() - begun), atMs: this.clock() });
    }
  }

  private leftMs(tenantId: string): number {
    const known = this.#left.get(tenantId);
    if (!known) return MOST_MS;
    return Math.min(MOST_MS, known.leftMs + ((this.clock() - known.atMs) * MS_PER_MINUTE) / MINUTE_MS);
  }
}
