// The server as a composition: the Posthorn modules, health around them, and which of it a role serves.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MonitoringModule } from './monitoring/index.js';
import type { PosthornOptions } from './platform/config/index.js';
import { PosthornModule } from './posthorn.module.js';

@Module({})
export class AppModule {
  static register(options: PosthornOptions): DynamicModule {
    // A worker answers nothing but health and metrics; everything else is the API's.
    const posthorn = PosthornModule.forRoot({ ...options, controllers: options.role !== 'worker' });
    return { module: AppModule, imports: [posthorn, MonitoringModule.register(posthorn)] };
  }
}
