import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConflictResponse, ApiOperation, ApiPayloadTooLargeResponse } from '@nestjs/swagger';
import type { Author } from '../platform/audit/index.js';
import { ApiController, CurrentAuthor, CurrentTenant, ErrorAnswer, Requires } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { WebhookId, WebhookNotFound } from '../registry/index.js';
import { DispatchView, TestEventDto } from './dto/event-dto.js';
import { WebhookTestService } from './webhook-test.service.js';

@ApiController('webhooks', 'Webhooks')
export class WebhookTestController {
  constructor(private readonly tests: WebhookTestService) {}

  @Post(':id/test')
  @Requires('webhooks:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a test event to a webhook',
    description:
      'To this webhook alone, whatever it subscribes to; signed, delivered, retried and logged like any other. ' +
      'What became of it is at `GET /api/events/{id}`.',
  })
  @WebhookId()
  @ApiAcceptedResponse({ type: DispatchView, description: 'Stored; delivery is under way.' })
  @WebhookNotFound()
  @ApiConflictResponse({ type: ErrorAnswer, description: '`webhook_disabled`: enable it first.' })
  @ApiPayloadTooLargeResponse({ type: ErrorAnswer, description: 'Too many bytes.' })
  test(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() input: TestEventDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<DispatchView> {
    return this.tests.send(tenantId, id, input, request, author);
  }
}
