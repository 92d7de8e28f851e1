import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
} from '@nestjs/swagger';
import type { Author } from '../platform/audit/index.js';
import {
  ApiController,
  ApiPageResponse,
  CurrentAuthor,
  ErrorAnswer,
  PageQuery,
  Requires,
} from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { CreateTenantDto } from './dto/create-tenant.dto.js';
import { TenantDto } from './dto/tenant.dto.js';
import { UpdateTenantDto } from './dto/update-tenant.dto.js';
import { TenantsService } from './tenants.service.js';

const TenantId = (): MethodDecorator => ApiParam({ name: 'id', description: 'The tenant.' });

@Requires('installation')
@ApiController('tenants', 'Tenants')
@ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such tenant, or the key is not the administrator’s.' })
export class TenantsController {
  constructor(private readonly tenants: TenantsService) {}

  @Post()
  @ApiBody({ type: CreateTenantDto, examples: { tenant: { value: { id: 'acme', name: 'Acme Ltd' } } } })
  @ApiOperation({ summary: 'Make a tenant', description: 'Name it in `X-Tenant` to act for it.' })
  @ApiCreatedResponse({ type: TenantDto, description: 'The tenant.' })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`tenant_exists`' })
  create(
    @Body() tenant: CreateTenantDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<TenantDto> {
    return this.tenants.create(tenant, request, author);
  }

  @Get()
  @ApiOperation({ summary: 'List tenants, newest first' })
  @ApiPageResponse(TenantDto, 'A page of tenants.')
  list(@Query() query: PageQuery): Promise<Page<TenantDto>> {
    return this.tenants.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One tenant' })
  @TenantId()
  @ApiOkResponse({ type: TenantDto, description: 'The tenant.' })
  get(@Param('id') id: string): Promise<TenantDto> {
    return this.tenants.get(id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change a tenant',
    description:
      'Absent fields stay as they are. The sending policy is that of its webhooks, field by field, where they say nothing themselves.',
  })
  @TenantId()
  @ApiBody({
    type: UpdateTenantDto,
    examples: {
      'another name': { value: { name: 'Acme Inc.' } },
      'a sending policy': { value: { retrySchedule: ['5s', '5m', '1h'] } },
    },
  })
  @ApiOkResponse({ type: TenantDto, description: 'The tenant as it is now.' })
  update(
    @Param('id') id: string,
    @Body() change: UpdateTenantDto,
    @CurrentAuthor() author: Author,
  ): Promise<TenantDto> {
    return this.tenants.update(id, change, author);
  }

  @Delete(':id')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Delete a tenant and all that it has',
    description:
      'It is gone at once: its keys, its webhooks, its sources. Its rows are erased in the background, those that are being ' +
      'sent once that has ended; until then its id cannot be taken again. `default` cannot be deleted.',
  })
  @TenantId()
  @ApiAcceptedResponse({ description: 'It is gone; the rest of its rows are being erased.' })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`default_tenant`' })
  delete(@Param('id') id: string, @CurrentAuthor() author: Author): Promise<void> {
    return this.tenants.delete(id, author);
  }
}
