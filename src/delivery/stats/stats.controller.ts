import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiController, CurrentTenant, Requires } from '../../platform/http/index.js';
import { StatsQuery, WebhookListStatsQuery } from './dto/stats-query.js';
import { StatsView, WebhookListStatsView } from './dto/stats-view.js';
import { StatsService } from './stats.service.js';

@ApiController('stats', 'Stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @Requires('deliveries:read')
  @ApiOperation({
    summary: 'What attempts came to, over time, and what waits',
    description:
      'Attempts are counted in the minute in which they were written down, and are here a few seconds later. Of tests and replays too. Percentiles are read off counts between fixed bounds, each 1.6 times the one before.',
  })
  @ApiOkResponse({ type: StatsView, description: 'Totals, the time series, and what waits.' })
  get(@CurrentTenant() tenantId: string, @Query() query: StatsQuery): Promise<StatsView> {
    return this.stats.get(tenantId, query);
  }

  @Get('webhooks')
  @Requires('deliveries:read')
  @ApiOperation({
    summary: 'Small charts of several webhooks',
    description: '`auto` makes at most 30 buckets; 120 may be asked for.',
  })
  @ApiOkResponse({ type: WebhookListStatsView, description: 'A chart for each webhook.' })
  list(@CurrentTenant() tenantId: string, @Query() query: WebhookListStatsQuery): Promise<WebhookListStatsView> {
    return this.stats.list(tenantId, query);
  }
}
