// Tells when a source with `silentAfter` has sent nothing for so long, and when it is heard of again. Receiving pays
// nothing for it: what was heard is gathered here and written once a second. A process that is killed loses that much.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { OperationalEvents } from '../delivery/index.js';
import { monotonicNow } from '../kernel/clock.js';
import { Database } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import type { OpenSource } from '../registry/index.js';
import { HEARD_FLUSH_MS } from './policy.js';
import { SourceWatchRepository } from './source-watch.repository.js';
import type { SilenceChange } from './source-watch.repository.js';

@Injectable()
export class SourceWatch implements BeforeApplicationShutdown {
  private readonly logger = new Logger('SourceWatch');
  /** When each source was last heard of, by the monotonic clock. */
  private heard = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly rows: SourceWatchRepository,
    private readonly database: Database,
    private readonly events: OperationalEvents,
  ) {}

  /** A request of this source was verified. */
  noteHeard({ id, isWatched }: Pick<OpenSource, 'id' | 'isWatched'>): void {
    if (!isWatched) return;
    this.heard.set(id, monotonicNow());
    this.schedule();
  }

  /** Looks for sources that fell silent. Any number of processes may look at once. */
  async look(): Promise<void> {
    if (!(await this.rows.isNeeded())) return;
    await this.tell('posthorn.source.silent', (executor) => this.rows.markSilent(executor, HEARD_FLUSH_MS * 2));
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.flush();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, HEARD_FLUSH_MS).unref();
  }

  private async flush(): Promise<void> {
    const { heard } = this;
    if (heard.size === 0) return;
    this.heard = new Map();
    try {
      await this.tell('posthorn.source.recovered', (executor) => {
        const now = monotonicNow();
        return this.rows.noteHeard(executor, new Map([...heard].map(([id, at]) => [id, now - at])));
      });
    } catch (error) {
      this.logger.warn(`When sources were heard of is written later: ${(error as Error).message}`);
      this.heard = new Map([...heard, ...this.heard]);
      this.schedule();
    }
  }

  /** The marks and the events commit together: none is told twice, and none is marked and not told. */
  private async tell(
    type: 'posthorn.source.silent' | 'posthorn.source.recovered',
    mark: (executor: SqlExecutor) => Promise<SilenceChange[]>,
  ): Promise<void> {
    const spread = await this.database.transaction(async (executor) => {
      const stored: (() => void)[] = [];
      for (const { tenantId, sourceId, source, heardAt } of await mark(executor))
        stored.push(
          await this.events.store(executor, tenantId, type, { sourceId, source, since: heardAt.toISOString() }),
        );
      return stored;
    });
    for (const each of spread) each();
  }
}
