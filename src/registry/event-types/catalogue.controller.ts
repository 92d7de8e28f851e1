import { Body, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { Author } from '../../platform/audit/index.js';
import { ApiController, CurrentAuthor, CurrentTenant, EmptyQuery, Requires } from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { ImportedEventTypesDto, ImportEventTypesDto } from './dto/import.dto.js';
import { EventTypesImport } from './event-types-import.js';

/** The catalogue as a whole. Its routes are registered before those of one type, whose names they look like. */
@ApiController('event-types', 'Event types')
export class CatalogueController {
  constructor(private readonly catalogue: EventTypesImport) {}

  @Get('openapi.json')
  @Requires('event-types:read')
  @ApiOperation({
    summary: 'The catalogue as OpenAPI 3.1',
    description:
      'Every type in use is one of its `webhooks`, in the envelope that is sent. Archived types are left out.',
  })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true }, description: 'An OpenAPI document.' })
  export(@CurrentTenant() tenantId: string, @Query() _query: EmptyQuery): Promise<object> {
    return this.catalogue.export(tenantId);
  }

  @Post('import')
  @Requires('event-types:write')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Import the webhooks of an OpenAPI document',
    description: 'All of them or, where one is wrong, none. Types that the document does not name stay as they are.',
  })
  @ApiOkResponse({ type: ImportedEventTypesDto, description: 'What was added, changed, and left as it was.' })
  import(
    @CurrentTenant() tenantId: string,
    @Body() input: ImportEventTypesDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<ImportedEventTypesDto> {
    return this.catalogue.import(tenantId, input, request, author);
  }
}
