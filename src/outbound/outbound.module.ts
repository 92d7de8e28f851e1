// The doors through which events enter: the injected dispatcher and the events API.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { EventDispatcher } from './event-dispatcher.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { Explanations } from './explain/explanations.js';
import { WebhookTestController } from './webhook-test.controller.js';
import { WebhookTestService } from './webhook-test.service.js';

@Module({})
export class OutboundModule {
  static register(parts: { platform: DynamicModule; registry: DynamicModule; delivery: DynamicModule }): DynamicModule {
    return {
      module: OutboundModule,
      imports: [parts.platform, parts.registry, parts.delivery],
      controllers: [EventsController, WebhookTestController],
      providers: [EventDispatcher, EventsService, Explanations, WebhookTestService],
      exports: [EventDispatcher],
    };
  }
}
