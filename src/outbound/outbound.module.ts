// The doors through which events enter: the injected dispatcher and the events API.
import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { EventDispatcher } from './event-dispatcher.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { Explanations } from './explain/explanations.js';
import { WebhookTestController } from './webhook-test.controller.js';
import { WebhookTestService } from './webhook-test.service.js';

/** The routes of events. */
export const EVENT_CONTROLLERS: Type[] = [EventsController, WebhookTestController];

@Module({})
export class OutboundFeature {
  static register(parts: { platform: DynamicModule; registry: DynamicModule; delivery: DynamicModule }): DynamicModule {
    return {
      module: OutboundFeature,
      imports: [parts.platform, parts.registry, parts.delivery],
      providers: [EventDispatcher, EventsService, Explanations, WebhookTestService],
      exports: [EventDispatcher, EventsService, WebhookTestService],
    };
  }
}
