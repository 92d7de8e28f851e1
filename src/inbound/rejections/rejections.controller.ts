import { Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOperation, ApiParam } from '@nestjs/swagger';
import { ApiController, ApiPageResponse, CurrentTenant, ErrorAnswer, Requires } from '../../platform/http/index.js';
import type { Page } from '../../platform/http/index.js';
import { RejectionDto } from './dto/rejection.dto.js';
import { RejectionQuery } from './dto/rejection-query.js';
import { RejectionsService } from './rejections.service.js';

@ApiController('sources/:name/rejections', 'Sources')
export class RejectionsController {
  constructor(private readonly rejections: RejectionsService) {}

  @Get()
  @Requires('sources:read')
  @ApiOperation({
    summary: 'Why requests to a source were refused',
    description: 'By hour and reason, newest first, for a week. The sender is never told.',
  })
  @ApiParam({ name: 'name', description: 'The source.' })
  @ApiPageResponse(RejectionDto, 'A page of rejections.')
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such source in this tenant.' })
  list(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @Query() query: RejectionQuery,
  ): Promise<Page<RejectionDto>> {
    return this.rejections.list(tenantId, name, query);
  }
}
