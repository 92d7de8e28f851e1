import { Body, Get, Post, Query, UseGuards } from '@nestjs/common';
import { ApiConflictResponse, ApiCreatedResponse, ApiNotFoundResponse, ApiOperation } from '@nestjs/swagger';
import { AdminGuard } from '../platform/access/index.js';
import { ApiController, ApiPageResponse, ErrorAnswer, PageQuery } from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { CreateTenantDto } from './dto/create-tenant.dto.js';
import { TenantDto } from './dto/tenant.dto.js';
import { TenantsService } from './tenants.service.js';

// Above ApiController, so that it runs after ApiGuard: class decorators apply from the bottom up.
@UseGuards(AdminGuard)
@ApiController('tenants', 'Tenants')
@ApiNotFoundResponse({ type: ErrorAnswer, description: 'The key is not the administrator’s.' })
export class TenantsController {
  constructor(private readonly tenants: TenantsService) {}

  @Post()
  @ApiOperation({ summary: 'Make a tenant', description: 'Name it in `X-Tenant` to act for it.' })
  @ApiCreatedResponse({ type: TenantDto })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`tenant_exists`' })
  create(@Body() tenant: CreateTenantDto): Promise<TenantDto> {
    return this.tenants.create(tenant);
  }

  @Get()
  @ApiOperation({ summary: 'List tenants, newest first' })
  @ApiPageResponse(TenantDto, 'A page of tenants.')
  list(@Query() query: PageQuery): Promise<Page<TenantDto>> {
    return this.tenants.list(query);
  }
}
