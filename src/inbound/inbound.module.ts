// Receiving: signature guard over the raw bytes, idempotency interceptor over the ledger, handlers and their runs.
import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../platform/database/index.js';
import { queueProvider } from '../platform/queue/index.js';
import { Relaying } from '../registry/index.js';
import { BulkReplayRepository } from './bulk-replay.repository.js';
import { ChallengesController } from './challenges.controller.js';
import { ChallengesService } from './challenges.service.js';
import { DueRunsRepository } from './due-runs.repository.js';
import { HandlerEnhancers, INHERIT_APP_CONFIG } from './handler-enhancers.js';
import { HandlerRun } from './handler-run.entity.js';
import { HandlerRunner } from './handler-runner.js';
import { HandlerRunsRepository } from './handler-runs.repository.js';
import { HandlerTransactions } from './handler-transactions.js';
import { Handlers } from './handlers.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { InboundController } from './inbound.controller.js';
import { InboundService } from './inbound.service.js';
import { InboundSweeper } from './inbound.sweeper.js';
import { LedgerRepository } from './ledger.repository.js';
import { OutcomeWatch } from './outcome-watch.js';
import { ReceivedEventRow } from './received-event.entity.js';
import { ReceivedEventsController } from './received-events.controller.js';
import { ReceivedEventsRepository } from './received-events.repository.js';
import { ReceivedEventsService } from './received-events.service.js';
import { ReceivingCounts } from './receiving-counts.js';
import { ReceivingGauges } from './receiving-gauges.js';
import { Relay } from './relay.js';
import type { InboundExtras } from './providers.module.js';
import { RejectionsController } from './rejections/rejections.controller.js';
import { RejectionsRepository } from './rejections/rejections.repository.js';
import { RejectionsService } from './rejections/rejections.service.js';
import { Rejections } from './rejections/rejections.js';
import { SourceRejection } from './rejections/source-rejection.entity.js';
import { RunsProcessor } from './runs.processor.js';
import { RUNS_QUEUE, RunsQueue } from './runs.queue.js';
import { SerialLanes } from './serial-lanes.js';
import { RoomInterceptor } from './room.interceptor.js';
import { SignatureGuard } from './signature.guard.js';
import { SourceLimits } from './source-limits.js';
import { SourceRateRepository } from './source-rate.repository.js';
import { SourceWatch } from './source-watch.js';
import { SourceWatchRepository } from './source-watch.repository.js';
import { SourceGate } from './source.gate.js';
import { StreamWake } from './stream/stream-wake.js';
import { StreamController } from './stream/stream.controller.js';
import { StreamPages } from './stream/stream-pages.js';
import { StreamRepository } from './stream/stream.repository.js';
import { StreamService } from './stream/stream.service.js';

/** The entities whose tables belong to receiving. */
export const INBOUND_ENTITIES = [ReceivedEventRow, HandlerRun, SourceRejection] as const;

/** The routes that senders call. */
export const RECEIVING_CONTROLLERS: Type[] = [InboundController, ChallengesController];

/** The routes of what was received. */
export const RECEIVED_CONTROLLERS: Type[] = [ReceivedEventsController, RejectionsController, StreamController];

@Module({})
export class InboundFeature {
  static register(
    parts: {
      platform: DynamicModule;
      registry: DynamicModule;
      delivery: DynamicModule;
      outbound: DynamicModule;
      providers: DynamicModule;
    },
    { inheritAppConfig = false }: InboundExtras = {},
  ): DynamicModule {
    return {
      module: InboundFeature,
      imports: [
        parts.platform,
        parts.registry,
        parts.delivery,
        parts.outbound,
        parts.providers,
        DiscoveryModule,
        TypeOrmModule.forFeature([...INBOUND_ENTITIES], DATA_SOURCE),
      ],
      providers: [
        queueProvider(RUNS_QUEUE),
        { provide: INHERIT_APP_CONFIG, useValue: inheritAppConfig },
        BulkReplayRepository,
        ChallengesService,
        DueRunsRepository,
        Handlers,
        HandlerEnhancers,
        HandlerRunner,
        HandlerRunsRepository,
        HandlerTransactions,
        IdempotencyInterceptor,
        InboundService,
        InboundSweeper,
        LedgerRepository,
        OutcomeWatch,
        ReceivedEventsRepository,
        ReceivedEventsService,
        ReceivingCounts,
        ReceivingGauges,
        Relay,
        Rejections,
        RejectionsRepository,
        RejectionsService,
        RunsProcessor,
        RunsQueue,
        SerialLanes,
        RoomInterceptor,
        SignatureGuard,
        SourceGate,
        SourceLimits,
        SourceRateRepository,
        SourceWatch,
        SourceWatchRepository,
        StreamPages,
        StreamRepository,
        StreamService,
        StreamWake,
      ],
      exports: [
        ChallengesService,
        InboundService,
        ReceivedEventsService,
        Rejections,
        RejectionsService,
        SourceGate,
        StreamService,
      ],
    };
  }

  constructor(relaying: Relaying) {
    relaying.receiving();
  }
}
