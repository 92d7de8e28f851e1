import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConflictResponse, ApiOperation } from '@nestjs/swagger';
import type { Author } from '../../platform/audit/index.js';
import { ApiController, CurrentAuthor, CurrentTenant, ErrorAnswer, Requires } from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { WebhookId, WebhookNotFound } from '../../registry/index.js';
import { ReplayRequestDto } from './dto/replay-request.dto.js';
import { ReplayAcceptedView } from './dto/replay-view.js';
import { ReplaysService } from './replays.service.js';

@ApiController('webhooks', 'Webhooks')
export class WebhookReplayController {
  constructor(private readonly replays: ReplaysService) {}

  @Post(':id/replay')
  @Requires('deliveries:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send deliveries of a webhook again',
    description:
      'Each event once, as a new delivery with the id of the event as before, signed anew; the originals stay as they are. ' +
      'What has been replayed with success since, or is under way, is left out. New events do not wait for a replay; ' +
      'disabling the webhook ends it.',
  })
  @WebhookId()
  @ApiAcceptedResponse({ type: ReplayAcceptedView, description: 'Under way or, with `dryRun`, counted.' })
  @WebhookNotFound()
  @ApiConflictResponse({ type: ErrorAnswer, description: '`webhook_disabled`: enable it first; `too_many_replays`.' })
  replay(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() replay: ReplayRequestDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<ReplayAcceptedView> {
    return this.replays.request(tenantId, id, replay, request, author);
  }
}
