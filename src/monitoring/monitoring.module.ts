// Seeing how the server is: health now.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';

@Module({})
export class MonitoringModule {
  /** @param platform - Exports the database that readiness asks. */
  static register(platform: DynamicModule): DynamicModule {
    return {
      module: MonitoringModule,
      imports: [platform, TerminusModule.forRoot({ errorLogStyle: 'json', logger: false })],
      controllers: [HealthController],
    };
  }
}
