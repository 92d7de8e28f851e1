// What sources turned away: one row for each source, reason and hour, so that the table is bounded however many come.
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { lowestIdAt, newId } from '../../kernel/ids.js';
import { Database, TenantDatabase } from '../../platform/database/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { SourceRejection } from './source-rejection.entity.js';
import type { RejectionReason, RejectionSample } from './source-rejection.entity.js';

/** Samples kept of each row, the latest ones. */
export const MAX_SAMPLES = 5;

const RETENTION_MS = 7 * 86_400_000;

/** What one process counted. */
export interface RejectionCount {
  readonly tenantId: string;
  readonly sourceId: string;
  readonly reason: RejectionReason;
  count: number;
  /** Newest first. */
  readonly samples: RejectionSample[];
}

interface RejectionFilter {
  readonly reason?: RejectionReason;
  /** Inclusive. */
  readonly since?: Date;
  /** Exclusive. */
  readonly until?: Date;
  /** The page goes on below this id. */
  readonly beforeId?: string;
}

@Injectable()
export class RejectionsRepository {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {}

  /**
   * Adds to the rows of this hour. Locks them, in the order of their key: replicas that write at once take turns. Index:
   * `source_rejection_hour`. ON CONFLICT with arithmetic is beyond the query builder.
   */
  async add(counts: readonly RejectionCount[]): Promise<void> {
    await this.database.query(
      {
        text: `
          INSERT INTO ${this.database.tables.source_rejection} AS r
            (id, tenant_id, source_id, reason, hour, count, last_at, samples)
          SELECT n.id, n.tenant_id, n.source_id, n.reason, date_trunc('hour', now(), 'UTC'), n.count, now(), n.samples
          FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::integer[], $6::jsonb[])
            AS n (id, tenant_id, source_id, reason, count, samples)
          ORDER BY n.source_id, n.reason
          ON CONFLICT (source_id, reason, hour) DO UPDATE SET
            count = r.count + excluded.count,
            last_at = excluded.last_at,
            samples = (
              SELECT jsonb_agg(s.sample ORDER BY s.position)
              FROM jsonb_array_elements(excluded.samples || r.samples) WITH ORDINALITY AS s (sample, position)
              WHERE s.position <= $7)`,
      },
      [
        counts.map(() => newId()),
        counts.map(({ tenantId }) => tenantId),
        counts.map(({ sourceId }) => sourceId),
        counts.map(({ reason }) => reason),
        counts.map(({ count }) => count),
        counts.map(({ samples }) => JSON.stringify(samples)),
        MAX_SAMPLES,
      ],
    );
  }

  /**
   * Deletes up to `limit` of those first counted more than a week ago, and says how many. Locks the rows it deletes, skipping
   * those that another replica deletes at this moment. Index: the primary key, whose ids are in order of time.
   */
  async deleteExpired(limit: number): Promise<number> {
    const { source_rejection } = this.database.tables;
    const rows = await this.database.query(
      {
        text: `
          DELETE FROM ${source_rejection} WHERE id IN (
            SELECT id FROM ${source_rejection} WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
          RETURNING 1`,
      },
      [lowestIdAt(this.clock() - RETENTION_MS), limit],
    );
    return rows.length;
  }

  /** Newest first. Index: `source_rejection_source`; the filters are checked along it. */
  findPage(tenantId: string, sourceId: string, filter: RejectionFilter, take: number): Promise<SourceRejection[]> {
    const { reason, since, until, beforeId } = filter;
    return this.tenants.as(tenantId, (manager) => {
      const query = manager
        .createQueryBuilder(SourceRejection, 'r')
        .where('r.tenantId = :tenantId AND r.sourceId = :sourceId', { tenantId, sourceId });
      if (reason !== undefined) query.andWhere('r.reason = :reason', { reason });
      if (since) query.andWhere('r.lastAt >= :since', { since });
      if (until) query.andWhere('r.hour < :until', { until });
      if (beforeId !== undefined) query.andWhere('r.id < :beforeId', { beforeId });
      return query.orderBy('r.id', 'DESC').take(take).getMany();
    });
  }
}
