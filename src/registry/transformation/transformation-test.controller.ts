import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiController, CurrentTenant, Requires } from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { WebhookId, WebhookNotFound } from '../webhook-id.decorator.js';
import { TestTransformationDto, TransformedDto } from './dto/test-transformation.dto.js';
import { TransformationTestService } from './transformation-test.service.js';

@ApiController('webhooks', 'Webhooks')
export class TransformationTestController {
  constructor(private readonly service: TransformationTestService) {}

  @Post(':id/test-transformation')
  @Requires('webhooks:read')
  @HttpCode(200)
  @ApiOperation({
    summary: 'See what a webhook would be sent',
    description: 'Nothing is sent or stored. With `transformation`, as if that were the webhook’s.',
  })
  @WebhookId()
  @ApiOkResponse({ type: TransformedDto, description: 'What it would be sent, or why the expression fails.' })
  @WebhookNotFound()
  test(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() input: TestTransformationDto,
    @OncePerKey() request: IdempotentRequest | undefined,
  ): Promise<TransformedDto> {
    return this.service.test(tenantId, id, input, request);
  }
}
