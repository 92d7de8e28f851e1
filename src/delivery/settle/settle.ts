// Writes what attempts came to: gathered for a few milliseconds, then one statement for hundreds of them.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';
import { inTime } from '../../kernel/in-time.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import type { Statement } from '../../platform/database/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { byLowWater, lowWaterOf } from '../low-water.js';
import { SendingCounts } from '../sending-counts.js';
import { loggedStatement, loggedValues, settledOf, settleText, settleValues } from './settle.statements.js';
import type { HealthChange, Settlement } from './settlement.js';

/** What follows from outcomes once they are on disk; those that came too late to be written are not among them. Must not reject. */
type SettleListener = (settled: readonly Settlement[], health: readonly HealthChange[]) => Promise<void>;

const MAX_BATCH = 500;
const GATHER_MS = 20;
const RETRY_MS = 250;

@Injectable()
export class SettleBatch {
  private readonly logger = new Logger('Settle');
  private readonly statement: (lowWater: string) => Statement;
  private readonly loggedStatement: Statement;
  private waiting: Settlement[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private listener: SettleListener = () => Promise.resolve();
  private closed = false;
  /** On the monotonic clock: what is not written by then is left to the end of its lease. */
  private givesUpAt = Infinity;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly counts: SendingCounts,
  ) {
    this.statement = byLowWater('posthorn_delivery_settle', (low) => settleText(database.tables, low));
    this.loggedStatement = loggedStatement(database);
  }

  /** How many outcomes are not written yet. */
  get backlog(): number {
    return this.unwritten;
  }
  private unwritten = 0;

  /** Tells `listener` of every written batch, and waits for it: what follows from outcomes may not pile up either. */
  onSettled(listener: SettleListener): void {
    this.listener = listener;
  }

  /** Takes an outcome; it is on disk a few milliseconds later, or when PostgreSQL is back. */
  add(settlement: Settlement): void {
    if (this.closed) return;
    this.waiting.push(settlement);
    this.unwritten += 1;
    if (this.writing) return;
    if (this.waiting.length >= MAX_BATCH) this.start();
    else this.timer ??= setTimeout(() => this.start(), GATHER_MS);
  }

  /**
   * Takes nothing more: a request that is cut because this process ends says nothing about its receiver, and the end of its
   * lease brings its delivery back. Resolves once everything taken so far is written, or after `withinMs`.
   */
  async close(withinMs: number): Promise<void> {
    this.closed = true;
    this.givesUpAt = monotonicNow() + withinMs;
    await inTime(this.drain(), withinMs);
  }

  private async drain(): Promise<void> {
    while (this.writing || this.waiting.length > 0) {
      this.start();
      await this.writing;
    }
  }

  private start(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.writing || this.waiting.length === 0) return;
    this.writing = this.writeAll();
  }

  private async writeAll(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const batch = this.waiting.splice(0, MAX_BATCH);
        await this.write(batch);
        this.unwritten -= batch.length;
      }
    } finally {
      // In the turn that found nothing waiting: an outcome that comes later must find nobody writing, or nobody would write it.
      this.writing = undefined;
    }
  }

  /** @param isBare - What the receiver answered has been left out already. */
  private async write(batch: readonly Settlement[], isBare = false): Promise<void> {
    for (let pending = batch; pending.length > 0;) {
      try {
        const startedAt = monotonicNow();
        const ids = pending.map(({ delivery }) => delivery.id);
        const statement = this.statement(lowWaterOf(ids, this.clock()));
        const values = settleValues(pending, this.settings.circuitAfter);
        const { settled, refused, health } = settledOf(pending, await this.database.query(statement, values));
        if (refused.length > 0) settled.push(...(await this.settledBefore(refused)));
        this.counts.settled(settled, monotonicNow() - startedAt);
        await this.listener(settled, health);
        return;
      } catch (error) {
        if (isDataError(error)) return this.writeApart(pending, isBare, error as Error);
        this.logger.warn(`Outcomes could not be written, trying again: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        const now = monotonicNow();
        const kept = pending.filter(({ leaseEndsAt }) => Math.min(leaseEndsAt, this.givesUpAt) > now);
        if (kept.length < pending.length)
          this.logger.error(
            `${pending.length - kept.length} outcomes could not be written in time: what was delivered comes again`,
          );
        pending = kept;
      }
    }
  }

  /** Of what the fence refused: what an earlier try of this process wrote, whose answer was lost. */
  private async settledBefore(refused: readonly Settlement[]): Promise<Settlement[]> {
    const rows = await this.database.query<{ place: number }>(this.loggedStatement, loggedValues(refused));
    return rows.map(({ place }) => refused[place - 1] as Settlement);
  }

  /** One row is refused: halve until it stands alone, then write it once more without what the receiver answered. */
  private async writeApart(batch: readonly Settlement[], isBare: boolean, refusal: Error): Promise<void> {
    const [first] = batch;
    if (!first) return;
    if (batch.length > 1) {
      const middle = batch.length >> 1;
      await this.write(batch.slice(0, middle));
      return this.write(batch.slice(middle));
    }
    if (!isBare) {
      const error = first.attempt.error && 'unprintable error';
      const attempt = { ...first.attempt, responseHeaders: undefined, responseBody: undefined, error };
      return this.write([{ ...first, attempt }], true);
    }
    // Nothing of the receiver's is left in it: the sweep will record the attempt as of unknown outcome.
    this.logger.error(`The outcome of delivery ${first.delivery.id} cannot be written: ${refusal.message}`);
  }
}

/** SQLSTATE classes 22 and 23: PostgreSQL refuses the values themselves, so the same values will never be taken. */
const isDataError = (error: unknown): boolean => /^2[23]/.test(String((error as { code?: unknown }).code));
