import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { Database } from '../platform/database/index.js';

// Load balancers ask every few seconds; a database that answers more slowly is not ready.
const PING_TIMEOUT_MS = 2_000;

@Controller({ path: 'health', version: VERSION_NEUTRAL })
@ApiTags('Health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
  ) {}

  @Get('live')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether this process runs' })
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether this process can do its work: the database answers' })
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      async () => {
        const indicator = this.indicators.check('database');
        return (await this.databaseAnswers()) ? indicator.up() : indicator.down('the database does not answer');
      },
    ]);
  }

  private async databaseAnswers(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)));
    const ping = this.database.query({ text: 'SELECT 1' }).then(
      () => true,
      () => false,
    );
    const answer = await Promise.race([ping, tooLate]);
    clearTimeout(timer);
    return answer;
  }
}
