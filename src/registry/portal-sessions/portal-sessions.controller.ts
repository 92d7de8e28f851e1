import { Body, Delete, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiNotFoundResponse, ApiOperation, ApiParam } from '@nestjs/swagger';
import type { Principal } from '../../platform/access/index.js';
import type { Author } from '../../platform/audit/index.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import {
  ApiController,
  CurrentAuthor,
  CurrentPrincipal,
  CurrentTenant,
  ErrorAnswer,
  publicUrlOf,
  Requires,
} from '../../platform/http/index.js';
import type { HttpRequest } from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { CreatePortalSessionDto } from './dto/create-portal-session.dto.js';
import { CreatedPortalSessionDto, PortalSessionDto } from './dto/portal-session.dto.js';
import { PortalSessionsService } from './portal-sessions.service.js';

/** Where these routes are, after whatever a host put before them; the dashboard is beside `api`. */
const OWN_PATH = /\/api\/portal-sessions\/?(?:\?.*)?$/;

@Requires('keys:write')
@ApiController('portal-sessions', 'Portal sessions')
export class PortalSessionsController {
  constructor(
    private readonly sessions: PortalSessionsService,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Make a link to the dashboard for a customer',
    description:
      'For the tenant that the request acts for, and for some parts of the dashboard; it may do no more than whoever makes ' +
      'it. Send people to the `url`, or embed it in a frame, where `FRAME_ANCESTORS` names your site.',
  })
  @ApiCreatedResponse({ type: CreatedPortalSessionDto, description: 'The link, which only this answer shows.' })
  create(
    @CurrentPrincipal() maker: Principal,
    @Body() session: CreatePortalSessionDto,
    @Req() incoming: HttpRequest,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<PortalSessionDto> {
    const dashboardUrl = publicUrlOf(incoming, this.settings.publicUrl).replace(OWN_PATH, '/dashboard/');
    return this.sessions.create(maker, session, dashboardUrl, request, author);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'End a portal session',
    description: 'Every replica refuses its token within a second. Sessions end by themselves at `expiresAt`.',
  })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The session.' })
  @ApiNoContentResponse({ description: 'Its link opens nothing any more.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such session in this tenant, or it is over.' })
  end(@CurrentTenant() tenantId: string, @Param('id') id: string, @CurrentAuthor() author: Author): Promise<void> {
    return this.sessions.end(tenantId, id, author);
  }
}
