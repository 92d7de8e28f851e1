import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../platform/audit/index.js';
import { cursorId, momentOf, pageOf } from '../../platform/http/index.js';
import type { Page } from '../../platform/http/index.js';
import { AuditEntryDto } from './audit-entry.dto.js';
import type { AuditQuery } from './audit-entry.dto.js';

@Injectable()
export class AuditLogService {
  constructor(private readonly log: AuditLog) {}

  async list(tenantId: string, { limit, cursor, since, until, ...filter }: AuditQuery): Promise<Page<AuditEntryDto>> {
    const bounds = { since: momentOf(since), until: momentOf(until), beforeId: cursorId(cursor) };
    const { rows, lookedTo } = await this.log.findPage(tenantId, { ...filter, ...bounds }, limit + 1);
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id, lookedTo);
    return { data: data.map((entry) => AuditEntryDto.of(entry)), nextCursor };
  }
}
