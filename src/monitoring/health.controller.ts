import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { DeliveryEngine } from '../delivery/index.js';
import { inTime } from '../kernel/in-time.js';
import { Database, Partitions } from '../platform/database/index.js';

// Load balancers ask every few seconds; a database that answers more slowly is not ready.
const PING_TIMEOUT_MS = 2_000;

/** Far longer than any look at the table takes: a process that is merely slow is not restarted. */
const STANDSTILL_MS = 60_000;

@Controller({ path: 'health', version: VERSION_NEUTRAL })
@ApiTags('Health')
export class HealthController implements OnModuleDestroy {
  /** How long delivering may stand still. */
  standstillMs = STANDSTILL_MS;
  private stopping = false;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
    private readonly partitions: Partitions,
    private readonly engine: DeliveryEngine,
  ) {}

  /** The first step of a stop: load balancers turn away while requests in flight still end. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  @Get('live')
  @HealthCheck()
  @ApiOperation({
    summary: 'Whether this process runs, and goes on delivering where that is its part',
    description:
      'It fails where nothing due was looked for in the last minute although the database answers: a restart may help. A database that is away is a matter of readiness.',
  })
  live(): Promise<HealthCheckResult> {
    return this.health.check([
      async () => {
        const indicator = this.indicators.check('delivering');
        if (this.engine.standstillMs() < this.standstillMs || !(await this.databaseAnswers())) return indicator.up();
        return indicator.down('what is due is not looked for any more');
      },
    ]);
  }

  @Get('ready')
  @HealthCheck()
  @ApiOperation({
    summary: 'Whether this process can do its work: it is not stopping, and the database answers',
    description:
      '`partitions` carries a `warning` while rows lie in a default partition; that alone makes nothing unready.',
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => {
        const indicator = this.indicators.check('process');
        return this.stopping ? indicator.down('it is stopping') : indicator.up();
      },
      async () => {
        const indicator = this.indicators.check('database');
        return (await this.databaseAnswers()) ? indicator.up() : indicator.down('the database does not answer');
      },
      async () => this.indicators.check('partitions').up(await this.partitionsWarning()),
    ]);
  }

  private async databaseAnswers(): Promise<boolean> {
    return (await inTime(this.database.query({ text: 'SELECT 1' }), PING_TIMEOUT_MS)) !== undefined;
  }

  private async partitionsWarning(): Promise<{ warning?: string }> {
    // No answer is no news: whether the database answers is the other indicator's question.
    const tables = (await inTime(this.partitions.tablesWithStrays(), PING_TIMEOUT_MS)) ?? [];
    if (tables.length === 0) return {};
    return { warning: `Rows of ${tables.join(', ')} lie in the default partition: partitions were not made in time.` };
  }
}
