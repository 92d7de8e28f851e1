import { Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiController, CurrentTenant, Requires } from '../../platform/http/index.js';
import { WebhookId, WebhookNotFound } from '../../registry/index.js';
import { WebhookStatsQuery } from './dto/stats-query.js';
import { WebhookStatsView } from './dto/stats-view.js';
import { StatsService } from './stats.service.js';

@ApiController('webhooks', 'Webhooks')
export class WebhookStatsController {
  constructor(private readonly stats: StatsService) {}

  @Get(':id/stats')
  @Requires('deliveries:read')
  @ApiOperation({ summary: 'What attempts for a webhook came to, over time, and what waits for it' })
  @WebhookId()
  @ApiOkResponse({ type: WebhookStatsView, description: 'Totals, the time series, and what waits.' })
  @WebhookNotFound()
  get(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Query() query: WebhookStatsQuery,
  ): Promise<WebhookStatsView> {
    return this.stats.getOfWebhook(tenantId, id, query);
  }
}
