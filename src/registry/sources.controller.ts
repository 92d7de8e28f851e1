import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
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
  CurrentTenant,
  ErrorAnswer,
  PageQuery,
  Requires,
} from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { AddSourceSecretDto } from './dto/add-source-secret.dto.js';
import { CreateSourceDto } from './dto/create-source.dto.js';
import { SourceDto } from './dto/source.dto.js';
import { UpdateSourceDto } from './dto/update-source.dto.js';
import { SecretDto } from './dto/secret.dto.js';
import { SourcesService } from './sources.service.js';

const SourceName = (): MethodDecorator => ApiParam({ name: 'name', description: 'The source.' });
const NotFound = (): MethodDecorator =>
  ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such source in this tenant.' });

// Without them, "Try it out" would fill in every optional field: networks that may send, an answer of its own, limits.
const EXAMPLE = { name: 'stripe-eu', provider: 'stripe', secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] };

@ApiController('sources', 'Sources')
export class SourcesController {
  constructor(private readonly sources: SourcesService) {}

  @Post()
  @Requires('sources:write')
  @ApiOperation({
    summary: 'Make a source',
    description: 'Its sender posts to the `path` of the answer. Secrets are encrypted, and never shown again.',
  })
  @ApiBody({
    type: CreateSourceDto,
    examples: {
      source: { value: EXAMPLE },
      'whose handlers run after the answer': { value: { ...EXAMPLE, processing: 'queued' } },
    },
  })
  @ApiCreatedResponse({ type: SourceDto, description: 'The source, with the `path` that its sender posts to.' })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`source_exists`, `quota_exceeded`' })
  create(
    @CurrentTenant() tenantId: string,
    @Body() source: CreateSourceDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<SourceDto> {
    return this.sources.create(tenantId, source, request, author);
  }

  @Get()
  @Requires('sources:read')
  @ApiOperation({ summary: 'List sources, newest first' })
  @ApiPageResponse(SourceDto, 'A page of sources.')
  list(@CurrentTenant() tenantId: string, @Query() query: PageQuery): Promise<Page<SourceDto>> {
    return this.sources.list(tenantId, query);
  }

  @Get(':name')
  @Requires('sources:read')
  @ApiOperation({ summary: 'One source' })
  @SourceName()
  @ApiOkResponse({ type: SourceDto, description: 'The source.' })
  @NotFound()
  get(@CurrentTenant() tenantId: string, @Param('name') name: string): Promise<SourceDto> {
    return this.sources.get(tenantId, name);
  }

  @Patch(':name')
  @Requires('sources:write')
  @ApiOperation({
    summary: 'Change a source',
    description: 'Absent fields stay as they are. All replicas see the change within a second.',
  })
  @SourceName()
  @ApiBody({ type: UpdateSourceDto, examples: { change: { value: { processing: 'queued' } } } })
  @ApiOkResponse({ type: SourceDto, description: 'The source as it is now.' })
  @NotFound()
  update(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @Body() change: UpdateSourceDto,
    @CurrentAuthor() author: Author,
  ): Promise<SourceDto> {
    return this.sources.update(tenantId, name, change, author);
  }

  @Delete(':name')
  @Requires('sources:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a source', description: 'Its path answers 404 from then on; what came in stays.' })
  @SourceName()
  @ApiNoContentResponse({ description: 'It is gone.' })
  @NotFound()
  delete(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @CurrentAuthor() author: Author,
  ): Promise<void> {
    return this.sources.delete(tenantId, name, author);
  }

  @Post(':name/secrets')
  @Requires('sources:write')
  @ApiOperation({
    summary: 'Add a secret',
    description: 'Requests may match any live secret: the others live on for 24 hours, or as long as you say.',
  })
  @SourceName()
  @ApiCreatedResponse({ type: SecretDto, description: 'The secret, of which only a hint is shown.' })
  @NotFound()
  @ApiConflictResponse({ type: ErrorAnswer, description: '`too_many_secrets`' })
  addSecret(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @Body() secret: AddSourceSecretDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<SecretDto> {
    return this.sources.addSecret(tenantId, name, secret, request, author);
  }

  @Delete(':name/secrets/:secretId')
  @Requires('sources:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Retire a secret now', description: 'The newest of those that are left no longer expires.' })
  @SourceName()
  @ApiParam({ name: 'secretId', format: 'uuid', description: 'One of its live secrets.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such source in this tenant, or no such live secret.' })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`last_secret`: it is the only one left.' })
  retireSecret(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @Param('secretId') secretId: string,
    @CurrentAuthor() author: Author,
  ): Promise<void> {
    return this.sources.retireSecret(tenantId, name, secretId, author);
  }
}
