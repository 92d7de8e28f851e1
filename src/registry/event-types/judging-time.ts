// How much of this process the slow schemas of a tenant may have. What the watchdog stops is told by its time; what takes a
// little less, event after event, is told here. In processor time: a machine that is busy elsewhere, or pauses us, must not
// have honest events refused. The edge: other threads of this process count along, so it is an upper bound.
import { BoundedMap } from '../../kernel/bounded-map.js';
import { cpuNow, monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';

/** What a judgement takes without being slow: ten times what an honest schema needs for the largest data. */
const QUICK_MS = 10;
const QUICK_MS_PER_BYTE = 40 / 1_048_576;

/** What slow judgements of a tenant may take in a minute, all at once or bit by bit. */
const SLOW_MS = 1_000;
const MINUTE_MS = 60_000;

/** Bounds the memory; whoever was slow longest ago is forgotten. */
const MAX_TENANTS = 10_000;

interface Allowance {
  leftMs: number;
  atMs: number;
  /** The schemas that took it. */
  readonly slow: Set<string>;
}

export class JudgingTime {
  readonly #allowances = new BoundedMap<string, Allowance>(MAX_TENANTS);

  constructor(
    private readonly cpu: Clock = cpuNow,
    private readonly clock: Clock = monotonicNow,
  ) {}

  /** Whether a schema was slow, and its tenant has no time left for that. */
  isSpent(tenantId: string, schemaId: string): boolean {
    const allowance = this.filled(tenantId);
    return allowance !== undefined && allowance.leftMs <= 0 && allowance.slow.has(schemaId);
  }

  /** Does the work, which is to judge so many bytes, and counts what it takes where that is much. */
  counting<Result>(tenantId: string, schemaId: string, bytes: number, work: () => Result): Result {
    const begun = this.cpu();
    try {
      return work();
    } finally {
      const tookMs = this.cpu() - begun;
      if (tookMs > QUICK_MS + bytes * QUICK_MS_PER_BYTE) this.spend(tenantId, schemaId, tookMs);
    }
  }

  private spend(tenantId: string, schemaId: string, ms: number): void {
    const allowance = this.filled(tenantId) ?? { leftMs: SLOW_MS, atMs: this.clock(), slow: new Set<string>() };
    allowance.leftMs -= ms;
    allowance.slow.add(schemaId);
    this.#allowances.set(tenantId, allowance);
  }

  /** As of now; who has all of it again is forgotten. */
  private filled(tenantId: string): Allowance | undefined {
    const known = this.#allowances.get(tenantId);
    if (!known) return undefined;
    const now = this.clock();
    known.leftMs += ((now - known.atMs) * SLOW_MS) / MINUTE_MS;
    known.atMs = now;
    if (known.leftMs < SLOW_MS) return known;
    this.#allowances.delete(tenantId);
    return undefined;
  }
}
