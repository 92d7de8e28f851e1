// What is left of each source's rate: one small row for each that has one, filled up by PostgreSQL's clock, so that any
// number of replicas share it whatever their clocks say.
import { Injectable } from '@nestjs/common';
import type { Grant } from '../kernel/shared-buckets.js';
import type { Rate } from '../kernel/token-buckets.js';
import { Database } from '../platform/database/index.js';

/** Whose rate it is. */
export interface RatedSource {
  readonly id: string;
  readonly tenantId: string;
}

@Injectable()
export class SourceRateRepository {
  constructor(private readonly database: Database) {}

  /**
   * Takes up to `wanted` of what is left now.
   *
   * Locks the source's row for the statement; a concurrent one waits, and then counts with what this one left, at its own
   * later moment. Index: the primary key. Not the query builder: what is left is computed where it is kept.
   */
  async take({ id, tenantId }: RatedSource, { max, perSeconds }: Rate, wanted: number): Promise<Grant> {
    const { source_rate } = this.database.tables;
    const [row] = await this.database.query<{ granted: number; tokens: number }>(
      {
        name: 'posthorn_source_rate_take',
        text: `
          INSERT INTO ${source_rate} AS r (source_id, tenant_id, tokens, granted, filled_at)
          VALUES ($1, $2, $3 - least($3, $5::integer), least($3::integer, $5), clock_timestamp())
          ON CONFLICT (source_id) DO UPDATE SET (tokens, granted, filled_at) = (
            SELECT filled - least($5, floor(filled)), least($5, floor(filled)), at
            FROM (SELECT clock_timestamp() AS at) now, LATERAL (SELECT least(
              $3, r.tokens + greatest(extract(epoch FROM at - r.filled_at), 0) * $3 / $4::float8) AS filled) f)
          RETURNING granted, tokens`,
      },
      [id, tenantId, max, perSeconds, wanted],
    );
    const { granted, tokens } = row as { granted: number; tokens: number };
    return { granted, waitMs: ((1 - tokens) * perSeconds * 1_000) / max };
  }
}
