import { Body, Delete, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConflictResponse,
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiPayloadTooLargeResponse,
  ApiUnprocessableEntityResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { DeliveryView } from '../delivery/index.js';
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
import { BatchRefusalView, DispatchView, EventBatchDto, EventDto } from './dto/event-dto.js';
import { EventQuery } from './dto/event-query.js';
import { EventDetailView, EventView } from './dto/event-view.js';
import { WebhookExplanation } from './explain/dto/explanation.js';
import { EventsService } from './events.service.js';
import type { EventBatchAnswer } from './events.service.js';

const ApiTooLarge = (): MethodDecorator =>
  ApiPayloadTooLargeResponse({ type: ErrorAnswer, description: 'Too many bytes.' });

// Without it, "Try it out" would fill in every optional field, each of which says something.
const EXAMPLE = { event: 'order.completed', data: { orderId: '1042', total: '99.95' } };

const EventId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', description: 'The event.' });

@ApiController('events', 'Events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Post()
  @Requires('events:write')
  @HttpCode(202)
  @ApiBody({
    type: EventDto,
    examples: {
      event: { value: EXAMPLE },
      'with a key': { value: { ...EXAMPLE, idempotencyKey: 'order-1042-completed' } },
    },
  })
  @ApiOperation({ summary: 'Send an event', description: 'To every active webhook that subscribes to its type.' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same as `idempotencyKey`.' })
  @ApiAcceptedResponse({ type: DispatchView, description: 'Stored; delivery is under way.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'One of `webhookIds` is unknown.' })
  @ApiConflictResponse({
    type: ErrorAnswer,
    description: 'The idempotency key was used for another request, or is in progress.',
  })
  @ApiUnprocessableEntityResponse({
    type: ErrorAnswer,
    description: '`schema_mismatch`: `details` name each place; `schema_too_costly`.',
  })
  @ApiTooLarge()
  dispatch(
    @CurrentTenant() tenantId: string,
    @Body() input: EventDto,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<DispatchView> {
    return this.events.dispatch(tenantId, input, key);
  }

  @Post('batch')
  @Requires('events:write')
  @HttpCode(202)
  @ApiBody({
    type: EventBatchDto,
    examples: { batch: { value: { events: [EXAMPLE, { ...EXAMPLE, event: 'order.shipped' }] } } },
  })
  @ApiOperation({
    summary: 'Send up to 1,000 events',
    description: 'The valid ones commit together; answers are in order.',
  })
  @ApiExtraModels(DispatchView, BatchRefusalView)
  @ApiAcceptedResponse({
    description: 'An answer for each event, in order.',
    schema: {
      type: 'object',
      required: ['results'],
      properties: {
        results: {
          type: 'array',
          items: { oneOf: [{ $ref: getSchemaPath(DispatchView) }, { $ref: getSchemaPath(BatchRefusalView) }] },
        },
      },
    },
  })
  @ApiTooLarge()
  dispatchMany(
    @CurrentTenant() tenantId: string,
    @Body() { events }: EventBatchDto,
    @OncePerKey() request: IdempotentRequest | undefined,
  ): Promise<EventBatchAnswer> {
    return this.events.dispatchMany(tenantId, events, request);
  }

  @Get()
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'Events sent, newest first' })
  @ApiPageResponse(EventView, 'A page of events.')
  list(@CurrentTenant() tenantId: string, @Query() query: EventQuery): Promise<Page<EventView>> {
    return this.events.list(tenantId, query);
  }

  @Get(':id')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'One event, and to whom it was sent' })
  @EventId()
  @ApiOkResponse({ type: EventDetailView, description: 'The event with its newest deliveries.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such event in this tenant.' })
  get(@CurrentTenant() tenantId: string, @Param('id') id: string): Promise<EventDetailView> {
    return this.events.get(tenantId, id);
  }

  @Get(':id/deliveries')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'The deliveries of an event, newest first' })
  @EventId()
  @ApiPageResponse(DeliveryView, 'A page of deliveries.')
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such event in this tenant.' })
  deliveries(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<DeliveryView>> {
    return this.events.deliveries(tenantId, id, query);
  }

  @Get(':id/webhooks')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'Why each webhook got an event, or why not', description: 'Newest webhooks first.' })
  @EventId()
  @ApiPageResponse(WebhookExplanation, 'A page of webhooks.')
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such event in this tenant.' })
  explain(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<WebhookExplanation>> {
    return this.events.explain(tenantId, id, query);
  }

  @Delete(':id/data')
  @Requires('deliveries:write')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Erase the payload of an event',
    description:
      'With it goes what receivers answered. Deliveries that wait expire with the reason `payload_erased`. The log stays.',
  })
  @EventId()
  @ApiNoContentResponse({ description: 'It is erased, or was before.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such event in this tenant.' })
  eraseData(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @CurrentAuthor() author: Author,
  ): Promise<void> {
    return this.events.eraseData(tenantId, id, author);
  }
}
