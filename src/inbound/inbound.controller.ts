// Where webhooks come in. It takes no @Body(): the bytes were read, verified and stored by the time it is called.
import { Controller, Post, Req, Res, UseFilters, UseGuards, UseInterceptors, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ReceivingHostGuards } from '../platform/access/index.js';
import { RequestIdGuard } from '../platform/http/index.js';
import type { HttpResponse } from '../platform/http/index.js';
import type { Answer } from './answers.js';
import { answer, claimOf, IdempotencyInterceptor } from './idempotency.interceptor.js';
import { InboundExceptionFilter } from './inbound.filter.js';
import { InboundService } from './inbound.service.js';
import { RoomInterceptor } from './room.interceptor.js';
import { SignatureGuard } from './signature.guard.js';
import { SOURCE_PARAMETER, TENANT_PARAMETER } from './source.gate.js';
import { webhookOf } from './webhook.js';

// Not in the OpenAPI document: senders decide what they send, and no client is generated for it.
@ApiExcludeController()
@Controller({ path: 'webhooks', version: VERSION_NEUTRAL })
@UseGuards(RequestIdGuard, ReceivingHostGuards, SignatureGuard)
@UseInterceptors(RoomInterceptor, IdempotencyInterceptor)
@UseFilters(InboundExceptionFilter)
export class InboundController {
  constructor(private readonly inbound: InboundService) {}

  @Post([`:${SOURCE_PARAMETER}`, `:${TENANT_PARAMETER}/:${SOURCE_PARAMETER}`])
  async receive(
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<Answer['body'] | string> {
    const outcome = await this.inbound.process(claimOf(request));
    return answer(response as HttpResponse, outcome, webhookOf(request).source);
  }
}
