import { Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
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
  PageQuery,
  Requires,
} from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryQuery } from './dto/delivery-query.js';
import { AttemptView, DeliveryDetailView, DeliveryView } from './dto/delivery-view.js';

const DeliveryId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', description: 'The delivery.' });

@ApiController('deliveries', 'Deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  @Get()
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'The delivery log, newest first' })
  @ApiPageResponse(DeliveryView, 'A page of deliveries.')
  list(@CurrentTenant() tenantId: string, @Query() query: DeliveryQuery): Promise<Page<DeliveryView>> {
    return this.deliveries.list(tenantId, query);
  }

  @Get(':id')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'One delivery with its attempts' })
  @DeliveryId()
  @ApiOkResponse({ type: DeliveryDetailView, description: 'The delivery with its newest attempts.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such delivery in this tenant.' })
  get(@CurrentTenant() tenantId: string, @Param('id') id: string): Promise<DeliveryDetailView> {
    return this.deliveries.get(tenantId, id);
  }

  @Get(':id/attempts')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'The attempts of a delivery, newest first' })
  @DeliveryId()
  @ApiPageResponse(AttemptView, 'A page of attempts.')
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such delivery in this tenant.' })
  attempts(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<AttemptView>> {
    return this.deliveries.attempts(tenantId, id, query);
  }

  @Post(':id/retry')
  @Requires('deliveries:write')
  @HttpCode(202)
  @ApiOperation({ summary: 'Try a delivery again now', description: 'From any state; the retry schedule starts anew.' })
  @DeliveryId()
  @ApiAcceptedResponse({ type: DeliveryView, description: 'It is due.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such delivery in this tenant.' })
  @ApiConflictResponse({
    type: ErrorAnswer,
    description: 'It is being sent right now, its webhook is disabled, or its payload is erased.',
  })
  retry(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<DeliveryView> {
    return this.deliveries.retry(tenantId, id, request, author);
  }
}
