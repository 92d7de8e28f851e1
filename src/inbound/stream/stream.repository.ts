// What the stream reads. No connection is held between two looks.
import { Injectable } from '@nestjs/common';
import { lowestIdAt } from '../../kernel/ids.js';
import { Database, TenantDatabase } from '../../platform/database/index.js';
import type { ReceivedEventRow } from '../received-event.entity.js';
import { MAX_SENT, OVERLAP_MS } from './stream-position.js';
import type { StreamPosition } from './stream-position.js';

/** Whose received events are followed. */
export interface Followed {
  readonly tenantId: string;
  /** All of the tenant's without it. */
  readonly source?: string;
}

/** As much of a received event as lists show. */
type StreamedEvent = Omit<ReceivedEventRow, 'headers' | 'body'>;

@Injectable()
export class StreamRepository {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
  ) {}

  /**
   * What there is above a position and was not sent yet, in the order of the ids. No locks. Index: `received_event_tenant`,
   * from the position on. Not named: planned each time, it names the partitions, and looks the known ids up in a hash.
   */
  findNew({ tenantId, source }: Followed, { after, known }: StreamPosition, limit: number): Promise<StreamedEvent[]> {
    return this.tenants.of(tenantId).query<StreamedEvent>(
      {
        text: `
          SELECT id, tenant_id AS "tenantId", source_id AS "sourceId", source, provider, external_id AS "externalId",
            type, status, conflict, occurred_at AS "occurredAt", received_at AS "receivedAt", processed_at AS "processedAt"
          FROM ${this.database.tables.received_event}
          WHERE tenant_id = $1 AND id > $2 AND ($3::text IS NULL OR source = $3) AND id <> ALL ($4::uuid[])
          ORDER BY id LIMIT $5`,
      },
      [tenantId, after, source ?? null, known, limit],
    );
  }

  /** The newest ids of the last seconds: what a reader that begins now is not to see. One more than are remembered says that there are more. No locks; index as above. */
  async findRecentIds({ tenantId, source }: Followed, nowMs: number): Promise<string[]> {
    const rows = await this.tenants.of(tenantId).query<{ id: string }>(
      {
        text: `
          SELECT id FROM ${this.database.tables.received_event}
          WHERE tenant_id = $1 AND id > $2 AND ($3::text IS NULL OR source = $3)
          ORDER BY id DESC LIMIT $4`,
      },
      [tenantId, lowestIdAt(nowMs - OVERLAP_MS), source ?? null, MAX_SENT + 1],
    );
    return rows.map(({ id }) => id);
  }
}
