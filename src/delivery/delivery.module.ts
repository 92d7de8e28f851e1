// Sending: events and their deliveries as rows; claim, send, settle, retry, sweep; the delivery log.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

@Module({})
export class DeliveryModule {
  static register(parts: { platform: DynamicModule; registry: DynamicModule }): DynamicModule {
    return { module: DeliveryModule, imports: [parts.platform, parts.registry] };
  }
}
