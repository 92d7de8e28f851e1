// Counts what sources turn away. A flood of forgeries costs no statement per request: counts are gathered here and written
// once a second. A process that is killed loses the last second of them.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { requestIdOf } from '../../platform/http/index.js';
import type { HttpRequest } from '../../platform/http/index.js';
import { SparingLog } from '../../platform/observability/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import type { OpenSource } from '../../registry/index.js';
import { ReceivingCounts } from '../receiving-counts.js';
import { MAX_SAMPLES, RejectionsRepository } from './rejections.repository.js';
import type { RejectionCount } from './rejections.repository.js';
import type { RejectionReason, RejectionSample } from './source-rejection.entity.js';

const FLUSH_MS = 1_000;

/** Bounds the memory while nothing can be written; what is beyond it is not counted. */
const MAX_GATHERED = 10_000;

/** Headers are as long as their sender likes. */
const MAX_TEXT = 200;

/** The source that turned a request away. */
type TurningAway = Pick<OpenSource, 'id' | 'tenantId' | 'name'>;

@Injectable()
export class Rejections implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Rejections');
  private readonly gathered = new Map<string, RejectionCount>();
  private readonly log = new SparingLog((line) => this.logger.warn(line));
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly rows: RejectionsRepository,
    private readonly counts: ReceivingCounts,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {}

  /** @param hint - What the log should say besides. */
  count(source: TurningAway, reason: RejectionReason, request: HttpRequest, hint?: () => string): void {
    this.log.note(`${source.id} ${reason}`, () => {
      const more = hint ? ` ${hint()}` : '';
      return `Refused a request for ${source.tenantId}/${source.name}: ${reason} (request ${requestIdOf(request)}).${more}`;
    });
    this.counts.rejected(source.name, reason);
    const entry = this.entryOf({ tenantId: source.tenantId, sourceId: source.id, reason });
    if (!entry) return;
    entry.count += 1;
    entry.samples.unshift(this.sampleOf(request));
    entry.samples.splice(MAX_SAMPLES);
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.flush();
  }

  private entryOf(of: Pick<RejectionCount, 'tenantId' | 'sourceId' | 'reason'>): RejectionCount | undefined {
    const key = `${of.sourceId} ${of.reason}`;
    const known = this.gathered.get(key);
    if (known || this.gathered.size >= MAX_GATHERED) return known;
    const entry = { ...of, count: 0, samples: [] };
    this.gathered.set(key, entry);
    return entry;
  }

  private sampleOf(request: HttpRequest): RejectionSample {
    return {
      at: new Date(this.clock()).toISOString(),
      address: request.ip?.slice(0, MAX_TEXT) ?? null,
      requestId: requestIdOf(request),
      userAgent: request.headers['user-agent']?.slice(0, MAX_TEXT) ?? null,
    };
  }

  /** No timer while nothing is turned away. */
  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, FLUSH_MS).unref();
  }

  private async flush(): Promise<void> {
    const counts = [...this.gathered.values()];
    this.gathered.clear();
    if (counts.length === 0) return;
    try {
      await this.rows.add(counts);
    } catch (error) {
      this.warn(error);
      this.takeBack(counts);
    }
  }

  /** What could not be written is written with what came meanwhile. */
  private takeBack(counts: readonly RejectionCount[]): void {
    for (const { count, samples, ...of } of counts) {
      const entry = this.entryOf(of);
      if (!entry) continue;
      entry.count += count;
      entry.samples.push(...samples);
      entry.samples.splice(MAX_SAMPLES);
    }
    this.schedule();
  }

  private warn(error: unknown): void {
    this.logger.warn(`Rejections could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
