import { Body, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
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
  Requires,
} from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { BulkReplayDto } from './dto/bulk-replay.dto.js';
import { ReceivedEventQuery } from './dto/received-event-query.js';
import { ReceivedEventDetailDto, ReceivedEventDto } from './dto/received-event.dto.js';
import { ReplayedDto, ReplayReceivedEventDto } from './dto/replay-received-event.dto.js';
import { ReceivedEventsService } from './received-events.service.js';

const EventId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', description: 'The received event.' });
const NotFound = (): MethodDecorator =>
  ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such received event in this tenant.' });

@ApiController('received-events', 'Received events')
export class ReceivedEventsController {
  constructor(private readonly events: ReceivedEventsService) {}

  @Get()
  @Requires('sources:read')
  @ApiOperation({ summary: 'List what came in, newest first' })
  @ApiPageResponse(ReceivedEventDto, 'A page of received events.')
  list(@CurrentTenant() tenantId: string, @Query() query: ReceivedEventQuery): Promise<Page<ReceivedEventDto>> {
    return this.events.list(tenantId, query);
  }

  @Get(':id')
  @Requires('sources:read')
  @ApiOperation({ summary: 'One received event with its body and its handler runs' })
  @EventId()
  @ApiOkResponse({ type: ReceivedEventDetailDto, description: 'The received event with its body and its runs.' })
  @NotFound()
  get(@CurrentTenant() tenantId: string, @Param('id') id: string): Promise<ReceivedEventDetailDto> {
    return this.events.get(tenantId, id);
  }

  @Post('replay')
  @Requires('sources:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Run handlers of many received events again',
    description:
      'Of those received in a time, by source and type: the handlers that did not succeed, with `all` every one; where there was no handler, those that there are now. At most 10,000 events, all or none of them; `dryRun` only counts.',
  })
  @ApiAcceptedResponse({ type: ReplayedDto, description: 'How many handler runs are due again.' })
  @ApiBadRequestResponse({ type: ErrorAnswer, description: '`validation_failed`, `too_many_events`' })
  replayMany(
    @CurrentTenant() tenantId: string,
    @Body() replay: BulkReplayDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<ReplayedDto> {
    return this.events.replayMany(tenantId, replay, request, author);
  }

  @Post(':id/replay')
  @Requires('sources:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Run handlers of a received event again',
    description:
      'Those that did not succeed; with `all` every one. Where there was no handler, those that there are now.',
  })
  @EventId()
  @ApiAcceptedResponse({ type: ReplayedDto, description: 'How many handler runs are due again.' })
  @NotFound()
  @ApiConflictResponse({ type: ErrorAnswer, description: '`in_progress`, `event_rejected`' })
  replay(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() { all = false }: ReplayReceivedEventDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<ReplayedDto> {
    return this.events.replay(tenantId, id, all, request, author);
  }
}
