import { Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { ApiController, ApiPageResponse, CurrentTenant, Requires } from '../../platform/http/index.js';
import type { Page } from '../../platform/http/index.js';
import { AuditEntryDto, AuditQuery } from './audit-entry.dto.js';
import { AuditLogService } from './audit-log.service.js';

@Requires('admin')
@ApiController('audit-log', 'Audit log')
export class AuditLogController {
  constructor(private readonly log: AuditLogService) {}

  @Get()
  @ApiOperation({
    summary: 'Who changed what through the API, newest first',
    description: 'Everything but the sending of events, which `GET /api/events` lists. Kept for `AUDIT_RETENTION`.',
  })
  @ApiPageResponse(AuditEntryDto, 'A page of changes.')
  list(@CurrentTenant() tenantId: string, @Query() query: AuditQuery): Promise<Page<AuditEntryDto>> {
    return this.log.list(tenantId, query);
  }
}
