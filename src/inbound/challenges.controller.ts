import { Controller, Get, Param, Req, Res, UseFilters, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ReceivingHostGuards } from '../platform/access/index.js';
import { RequestIdGuard } from '../platform/http/index.js';
import type { HttpRequest, HttpResponse } from '../platform/http/index.js';
import { ChallengesService } from './challenges.service.js';
import { answerHandshake } from './handshake.js';
import { InboundExceptionFilter } from './inbound.filter.js';
import { SOURCE_PARAMETER, TENANT_PARAMETER } from './source.gate.js';

// Not in the OpenAPI document: it is for senders, as the route beside it.
@ApiExcludeController()
@Controller({ path: 'webhooks', version: VERSION_NEUTRAL })
@UseGuards(RequestIdGuard, ReceivingHostGuards)
@UseFilters(InboundExceptionFilter)
export class ChallengesController {
  constructor(private readonly challenges: ChallengesService) {}

  @Get([`:${SOURCE_PARAMETER}`, `:${TENANT_PARAMETER}/:${SOURCE_PARAMETER}`])
  async answer(
    @Param() parameters: Record<string, string>,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<string | undefined> {
    const answer = await this.challenges.answer(parameters, request as HttpRequest);
    return answerHandshake(response as HttpResponse, answer);
  }
}
