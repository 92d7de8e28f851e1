// Seeing how the server is: its health, and what it has counted.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsGuard } from './metrics.guard.js';

@Module({})
export class MonitoringModule {
  /** @param posthorn - Exports the database that readiness asks, the metrics, and who may read them. */
  static register(posthorn: DynamicModule): DynamicModule {
    return {
      module: MonitoringModule,
      imports: [posthorn, TerminusModule.forRoot({ errorLogStyle: 'json', logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [MetricsGuard],
    };
  }
}
