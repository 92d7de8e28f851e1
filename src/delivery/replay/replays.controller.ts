import { Get, Param } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger';
import { ApiController, CurrentTenant, ErrorAnswer, Requires } from '../../platform/http/index.js';
import { ReplayView } from './dto/replay-view.js';
import { ReplaysService } from './replays.service.js';

@ApiController('replays', 'Webhooks')
export class ReplaysController {
  constructor(private readonly replays: ReplaysService) {}

  @Get(':id')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'How far a replay is', description: 'Known for as long as deliveries are kept.' })
  @ApiParam({ name: 'id', description: 'The replay.', schema: { type: 'string', format: 'uuid' } })
  @ApiOkResponse({ type: ReplayView, description: 'The replay, and how many deliveries it has made so far.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such replay in this tenant.' })
  get(@CurrentTenant() tenantId: string, @Param('id') id: string): Promise<ReplayView> {
    return this.replays.get(tenantId, id);
  }
}
