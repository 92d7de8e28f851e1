// Receiving: signature guard over the raw bytes, idempotency interceptor over the ledger, handlers and their runs.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

@Module({})
export class InboundModule {
  static register(parts: { platform: DynamicModule; registry: DynamicModule }): DynamicModule {
    return { module: InboundModule, imports: [parts.platform, parts.registry] };
  }
}
