// What is configured: tenants, webhooks with their secrets, and sources.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

@Module({})
export class RegistryModule {
  static register(platform: DynamicModule): DynamicModule {
    return { module: RegistryModule, imports: [platform] };
  }
}
