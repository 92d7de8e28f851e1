// Replays as rows: what was asked for, how far it has come, and the deliveries it makes. A step moves the cursor in the
// transaction that inserts: a crash neither loses a delivery nor makes one twice.
import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../../kernel/ids.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { Database, TenantDatabase } from '../../platform/database/index.js';
import type { SqlExecutor, Statement } from '../../platform/database/index.js';
import type { FinalStatus } from '../delivery-status.js';
import { MAX_UNFINISHED, replayStatements } from './replay.statements.js';
import type { ReplayStatements } from './replay.statements.js';
import type { Unfinished } from './turns.js';

/** Which deliveries of a webhook to send again. */
interface ReplayFilter {
  readonly tenantId: string;
  readonly webhookId: string;
  /** The smallest delivery id that belongs to it. */
  readonly sinceId: string;
  /** The smallest delivery id after it. */
  readonly untilId: string;
  readonly statuses: readonly FinalStatus[];
}

/** A replay that was asked for. */
interface Replay extends ReplayFilter {
  readonly id: string;
  readonly total: number;
  readonly made: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** What one step came to; `elsewhere` when another process has the replay in hand, or it is finished. */
export interface ReplayStep {
  readonly made: number;
  readonly next: 'more' | 'wait' | 'finished' | 'elsewhere';
}

@Injectable()
export class ReplaysRepository {
  private readonly statements: ReplayStatements;

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {
    this.statements = replayStatements(database.tables);
  }

  /** How many deliveries a replay would make. */
  count(executor: SqlExecutor, filter: ReplayFilter): Promise<number> {
    return countOf(executor, this.statements.count, valuesOf(filter));
  }

  /** Whether as many replays of a webhook are unfinished as may be; of several that ask at once, a few more may be stored. */
  async isFull(executor: SqlExecutor, webhookId: string): Promise<boolean> {
    return (await countOf(executor, this.statements.waitingTurn, [webhookId])) >= MAX_UNFINISHED;
  }

  /** Stores a replay together with the number of deliveries it is about. */
  async insert(executor: SqlExecutor, filter: ReplayFilter): Promise<{ id: string; count: number }> {
    const id = newId();
    const count = await this.count(executor, filter);
    await executor.query(this.statements.insert, [...valuesOf(filter), id, count]);
    return { id, count };
  }

  async find(tenantId: string, id: string): Promise<Replay | undefined> {
    const [row] = await this.tenants.of(tenantId).query<ReplayRow>(this.statements.find, [tenantId, id]);
    return row && toReplay(row);
  }

  /** The oldest unfinished replay of each webhook, in the order of their webhooks. */
  findUnfinished(): Promise<Unfinished[]> {
    return this.database.query<Unfinished>(this.statements.unfinished);
  }

  /** Makes the next deliveries of a replay, as many as there is room for. */
  step(id: string): Promise<ReplayStep> {
    return this.database.transaction(async (executor) => {
      const [turn] = await executor.query<TurnRow>(this.statements.take, [id]);
      if (!turn) return { made: 0, next: 'elsewhere' };
      if (!turn.usable) {
        await executor.query(this.statements.finish, [id]);
        return { made: 0, next: 'finished' };
      }
      // A statement of its own: its snapshot is younger than the lock, so it sees what the last holder made.
      const room = turn.window - (await countOf(executor, this.statements.waiting, [turn.webhook_id]));
      if (room <= 0) return { made: 0, next: 'wait' };
      // Made here and in order, so that a replay sends in the order of the originals, as far as anything does.
      const ids = Array.from({ length: room }, newId);
      const [step] = await executor.query<{ made: number; finished: boolean }>(this.statements.make, [id, ids]);
      const { made, finished } = step ?? { made: 0, finished: true };
      return { made, next: finished ? 'finished' : made < room ? 'more' : 'wait' };
    });
  }

  /** Forgets replays that were finished longer ago than deliveries are kept. */
  async deleteOld(): Promise<void> {
    await this.database.query(this.statements.deleteOld, [this.settings.retentionMs]);
  }
}

const valuesOf = ({ tenantId, webhookId, sinceId, untilId, statuses }: ReplayFilter): unknown[] => [
  tenantId,
  webhookId,
  sinceId,
  untilId,
  statuses,
];

async function countOf(executor: SqlExecutor, statement: Statement, values: readonly unknown[]): Promise<number> {
  const [row] = await executor.query<{ count: number }>(statement, values);
  return row?.count ?? 0;
}

interface TurnRow {
  webhook_id: string;
  usable: boolean;
  /** How many of its webhook may wait. */
  window: number;
}

interface ReplayRow {
  id: string;
  tenant_id: string;
  webhook_id: string;
  since_id: string;
  until_id: string;
  statuses: FinalStatus[];
  total: number;
  made: number;
  created_at: Date;
  finished_at: Date | null;
}

const toReplay = (row: ReplayRow): Replay => ({
  id: row.id,
  tenantId: row.tenant_id,
  webhookId: row.webhook_id,
  sinceId: row.since_id,
  untilId: row.until_id,
  statuses: row.statuses,
  total: row.total,
  made: row.made,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
});
