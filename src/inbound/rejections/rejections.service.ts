import { Injectable } from '@nestjs/common';
import { cursorId, momentOf, pageOf } from '../../platform/http/index.js';
import type { Page } from '../../platform/http/index.js';
import { SourcesService } from '../../registry/index.js';
import { RejectionDto } from './dto/rejection.dto.js';
import type { RejectionQuery } from './dto/rejection-query.js';
import { RejectionsRepository } from './rejections.repository.js';

@Injectable()
export class RejectionsService {
  constructor(
    private readonly sources: SourcesService,
    private readonly rejections: RejectionsRepository,
  ) {}

  /** @throws SourceNotFoundError */
  async list(tenantId: string, name: string, query: RejectionQuery): Promise<Page<RejectionDto>> {
    const { id } = await this.sources.get(tenantId, name);
    const filter = {
      reason: query.reason,
      since: momentOf(query.since),
      until: momentOf(query.until),
      beforeId: cursorId(query.cursor),
    };
    const rows = await this.rejections.findPage(tenantId, id, filter, query.limit + 1);
    const { data, nextCursor } = pageOf(rows, query.limit, (row) => row.id);
    return { data: data.map((row) => RejectionDto.of(row)), nextCursor };
  }
}
