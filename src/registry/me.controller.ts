import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { Principal } from '../platform/access/index.js';
import { ApiController, CurrentPrincipal, EmptyQuery, Requires } from '../platform/http/index.js';
import { MeDto } from './dto/me.dto.js';
import { TenantsService } from './tenants.service.js';

@Requires('caller')
@ApiController('me', 'API keys')
export class MeController {
  constructor(private readonly tenants: TenantsService) {}

  @Get()
  @ApiOperation({
    summary: 'Who asks',
    description: 'For which tenant the key or the link that is used acts, and what it may do. It takes no scope.',
  })
  @ApiOkResponse({ type: MeDto, description: 'The caller, its tenant and its scopes.' })
  async get(@CurrentPrincipal() principal: Principal, @Query() _query: EmptyQuery): Promise<MeDto> {
    return MeDto.of(principal, await this.tenants.get(principal.tenantId));
  }
}
