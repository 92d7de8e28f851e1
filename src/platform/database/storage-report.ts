// How much of the log is kept, and what of it is past its retention, for the administrator's eyes. Reads the catalogue
// alone: it says nothing of the rows, and costs the same however many there are.
import { Inject, Injectable } from '@nestjs/common';
import { lowestIdAt, timeOfId } from '../../kernel/ids.js';
import { SETTINGS_TOKEN } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from './database.js';
import { EVERY_PARTITION, PARTITIONED } from './partitions.js';

/** How one table of the log lies on disk. */
export interface StoredTable {
  readonly table: string;
  /** The default one, which has no days, is not counted. */
  readonly partitions: number;
  /** The first day of the oldest partition, in UTC, as `'2026-11-29'`. Null without partitions. */
  readonly oldestDay: string | null;
  /** The last day of the newest partition, which is made ahead of its time. */
  readonly newestDay: string | null;
  /** With indexes, and with what lies in the default partition. */
  readonly bytes: number;
  /** Partitions that are wholly past the retention: about to be dropped, or held by what is not final in them. */
  readonly pastRetention: number;
}

interface Row extends Pick<StoredTable, 'table' | 'partitions' | 'bytes' | 'pastRetention'> {
  readonly low: string | null;
  readonly high: string | null;
}

@Injectable()
export class StorageReport {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'retentionMs'>,
  ) {}

  /** How long the log is kept. */
  get retentionMs(): number {
    return this.settings.retentionMs;
  }

  /** The tables cut by day, as of `nowMs`. */
  async read(nowMs: number): Promise<StoredTable[]> {
    const schema = this.database.tables.event.split('.')[0] as string;
    // Reads the catalogue. Locks: one partition after the other against its drop, while its files are looked at; a drop
    // under way is waited for, and the partition then has no size. Bounds are compared as text, by bytes: not every
    // PostgreSQL has a min() of uuid.
    const rows = await this.database.query<Row>(
      {
        text: `SELECT t.name AS table, count(p.high)::int AS partitions,
                      min(p.low COLLATE "C") AS low, max(p.high COLLATE "C") AS high,
                      coalesce(sum(pg_total_relation_size(p.oid)), 0)::float8 AS bytes,
                      count(*) FILTER (WHERE p.high::uuid <= $3::uuid)::int AS "pastRetention"
               FROM unnest($1::text[]) WITH ORDINALITY AS t(name, position)
                    LEFT JOIN (${EVERY_PARTITION}) p ON p.parent = ($2 || '.' || t.name)::regclass
               GROUP BY t.name, t.position ORDER BY t.position`,
      },
      [PARTITIONED.map(({ table }) => table), schema, lowestIdAt(nowMs - this.retentionMs)],
    );
    return rows.map(({ low, high, ...counted }) => ({
      ...counted,
      oldestDay: low === null ? null : dayOf(timeOfId(low)),
      newestDay: high === null ? null : dayOf(timeOfId(high) - 1),
    }));
  }
}

const dayOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10);
