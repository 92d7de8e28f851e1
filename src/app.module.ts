// The server as a composition: the Posthorn modules, health around them, and which of it a role serves.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DashboardModule } from './dashboard/index.js';
import { MonitoringModule } from './monitoring/index.js';
import type { PosthornOptions } from './platform/config/index.js';
import { PosthornModule } from './posthorn.module.js';

@Module({})
export class AppModule {
  static register(options: PosthornOptions): DynamicModule {
    // A worker answers nothing but health and metrics; everything else is the API's.
    const answers = options.role !== 'worker';
    const posthorn = PosthornModule.forRoot({ ...options, controllers: answers });
    const page = answers ? [DashboardModule.register(posthorn)] : [];
    return { module: AppModule, imports: [posthorn, MonitoringModule.register(posthorn), ...page] };
  }
}
