import { Controller, Get, Header, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { ErrorAnswer, Requires } from '../platform/http/index.js';
import { Metrics, METRICS_CONTENT_TYPE } from '../platform/observability/index.js';
import { MetricsGuard } from './metrics.guard.js';

@Requires('installation')
@Controller({ path: 'metrics', version: VERSION_NEUTRAL })
@UseGuards(MetricsGuard)
@ApiTags('Metrics')
@ApiBearerAuth()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('Content-Type', METRICS_CONTENT_TYPE)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'What this process has counted, for Prometheus',
    description: 'For the admin key, or for everybody with `METRICS_PUBLIC`. 404 without `METRICS`.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'Prometheus’s text format, 0.0.4.' })
  @ApiUnauthorizedResponse({ type: ErrorAnswer, description: 'The API key is missing or unknown.' })
  read(): Promise<string> {
    return this.metrics.text();
  }
}
