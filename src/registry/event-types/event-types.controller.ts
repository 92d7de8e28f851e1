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
import type { Author } from '../../platform/audit/index.js';
import {
  ApiController,
  ApiPageResponse,
  CurrentAuthor,
  CurrentTenant,
  ErrorAnswer,
  PageQuery,
  Requires,
} from '../../platform/http/index.js';
import type { Page } from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { CreateEventTypeDto, EventTypeDto, UpdateEventTypeDto } from './dto/event-type.dto.js';
import { EventTypesService } from './event-types.service.js';

const TypeName = (): MethodDecorator => ApiParam({ name: 'name', description: 'The event type.' });
const NotFound = (): MethodDecorator =>
  ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such event type in this tenant.' });

@ApiController('event-types', 'Event types')
export class EventTypesController {
  constructor(private readonly types: EventTypesService) {}

  @Post()
  @Requires('event-types:write')
  @ApiOperation({
    summary: 'Add an event type to the catalogue',
    description:
      'Events whose data does not meet the `schema` are refused from then on, at every replica within a second.',
  })
  @ApiCreatedResponse({ type: EventTypeDto, description: 'The event type.' })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`event_type_exists`, `quota_exceeded`' })
  create(
    @CurrentTenant() tenantId: string,
    @Body() type: CreateEventTypeDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<EventTypeDto> {
    return this.types.create(tenantId, type, request, author);
  }

  @Get()
  @Requires('event-types:read')
  @ApiOperation({ summary: 'List event types, newest first' })
  @ApiPageResponse(EventTypeDto, 'A page of event types.')
  list(@CurrentTenant() tenantId: string, @Query() query: PageQuery): Promise<Page<EventTypeDto>> {
    return this.types.list(tenantId, query);
  }

  @Get(':name')
  @Requires('event-types:read')
  @ApiOperation({ summary: 'One event type' })
  @TypeName()
  @ApiOkResponse({ type: EventTypeDto, description: 'The event type.' })
  @NotFound()
  get(@CurrentTenant() tenantId: string, @Param('name') name: string): Promise<EventTypeDto> {
    return this.types.get(tenantId, name);
  }

  @Patch(':name')
  @Requires('event-types:write')
  @ApiOperation({ summary: 'Change an event type', description: 'Absent fields stay as they are; null takes away.' })
  @TypeName()
  @ApiBody({ type: UpdateEventTypeDto, examples: { deprecated: { value: { deprecated: true } } } })
  @ApiOkResponse({ type: EventTypeDto, description: 'The event type as it is now.' })
  @NotFound()
  update(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @Body() change: UpdateEventTypeDto,
    @CurrentAuthor() author: Author,
  ): Promise<EventTypeDto> {
    return this.types.update(tenantId, name, change, author);
  }

  @Delete(':name')
  @Requires('event-types:write')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete an event type',
    description: 'Its events stay, and may be sent as unknown ones may.',
  })
  @TypeName()
  @ApiNoContentResponse({ description: 'It is deleted.' })
  @NotFound()
  delete(
    @CurrentTenant() tenantId: string,
    @Param('name') name: string,
    @CurrentAuthor() author: Author,
  ): Promise<void> {
    return this.types.delete(tenantId, name, author);
  }
}
