import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
} from '@nestjs/swagger';
import type { Principal } from '../../platform/access/index.js';
import type { Author } from '../../platform/audit/index.js';
import {
  ApiController,
  ApiPageResponse,
  CurrentAuthor,
  CurrentPrincipal,
  CurrentTenant,
  ErrorAnswer,
  PageQuery,
  Requires,
} from '../../platform/http/index.js';
import type { Page } from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyDto, CreatedApiKeyDto } from './dto/api-key.dto.js';
import { CreateApiKeyDto } from './dto/create-api-key.dto.js';

const KeyId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', description: 'The key.' });
const NotFound = (): MethodDecorator =>
  ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such key in this tenant, or it is revoked.' });

@Requires('keys:write')
@ApiController('api-keys', 'API keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @ApiOperation({
    summary: 'Make an API key',
    description: 'For the tenant that the request acts for. The answer is the only one that shows the `key`.',
  })
  @ApiCreatedResponse({ type: CreatedApiKeyDto, description: 'The key, which only this answer shows.' })
  create(
    @CurrentPrincipal() maker: Principal,
    @Body() key: CreateApiKeyDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<ApiKeyDto> {
    return this.keys.create(maker, key, request, author);
  }

  @Get()
  @ApiOperation({ summary: 'List API keys, newest first', description: 'Those that are not revoked.' })
  @ApiPageResponse(ApiKeyDto, 'A page of keys.')
  list(@CurrentTenant() tenantId: string, @Query() query: PageQuery): Promise<Page<ApiKeyDto>> {
    return this.keys.list(tenantId, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One API key' })
  @KeyId()
  @ApiOkResponse({ type: ApiKeyDto, description: 'The key, of which only a hint is shown.' })
  @NotFound()
  get(@CurrentTenant() tenantId: string, @Param('id') id: string): Promise<ApiKeyDto> {
    return this.keys.get(tenantId, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke an API key',
    description: 'Every replica refuses it within a second. A key may revoke itself.',
  })
  @KeyId()
  @ApiNoContentResponse({ description: 'It is revoked.' })
  @NotFound()
  revoke(@CurrentTenant() tenantId: string, @Param('id') id: string, @CurrentAuthor() author: Author): Promise<void> {
    return this.keys.revoke(tenantId, id, author);
  }
}
