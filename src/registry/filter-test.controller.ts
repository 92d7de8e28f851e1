import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiController, CurrentTenant, Requires } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { FilterVerdictDto, TestFilterDto } from './dto/test-filter.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { WebhookId, WebhookNotFound } from './webhook-id.decorator.js';

@ApiController('webhooks', 'Webhooks')
export class FilterTestController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post(':id/test-filter')
  @Requires('webhooks:read')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Ask whether a webhook would get an event',
    description: 'Nothing is sent or stored. With `filter`, as if that were the webhook’s.',
  })
  @WebhookId()
  @ApiOkResponse({ type: FilterVerdictDto, description: 'Whether it would, and the first clause that is not met.' })
  @WebhookNotFound()
  test(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() input: TestFilterDto,
    @OncePerKey() request: IdempotentRequest | undefined,
  ): Promise<FilterVerdictDto> {
    return this.subscriptions.test(tenantId, id, input, request);
  }
}
