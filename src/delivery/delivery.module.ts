// Sending: events and their deliveries as rows; claim, send, settle, retry, sweep; the delivery log. It does nothing by
// itself: `SendingModule` starts it, in an application that sends.
import { Module } from '@nestjs/common';
import type { DynamicModule, OnModuleInit, Provider, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../platform/database/index.js';
import { extensionProvider } from '../platform/extension.js';
import type { Extension } from '../platform/extension.js';
import { queueProvider } from '../platform/queue/index.js';
import { AccessTokens } from './access/access-tokens.js';
import { alertProviders } from './alerts/alert-providers.js';
import type { AlertSink } from './alerts/alert-sink.js';
import { CheckedTransport } from './transport/checked-transport.js';
import { Attempts } from './attempts.js';
import { ClaimRelease } from './claim/claim-release.js';
import { ClaimQuery } from './claim/claim.js';
import { CustomHeaders } from './access/custom-headers.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryAttempt } from './delivery-attempt.entity.js';
import { DeliveryEngine } from './delivery-engine.js';
import { DeliveryWake } from './delivery-wake.js';
import { Delivery } from './delivery.entity.js';
import { DueDeliveries } from './due-deliveries.js';
import { EndpointAccess } from './access/endpoint-access.js';
import { Erasure } from './events/erasure.js';
import { Event } from './events/event.entity.js';
import { EventIntake } from './events/event-intake.js';
import { EventLog } from './events/event-log.js';
import { EventStore } from './events/event.store.js';
import { ExtensionScopes } from './extension-scopes.js';
import { HttpTransport } from './transport/http-transport.js';
import { KnownFilters } from './events/known-filters.js';
import { entriesOfSettlement } from './live/live-entry.js';
import { LiveFeed } from './live/live-feed.js';
import { OperationalEvents } from './operational/operational-events.js';
import type { OperationalHook } from './operational/operational-hook.js';
import { hookProviders, OperationalHooks } from './operational/operational-hooks.js';
import { OwnershipChallenge } from './access/ownership-challenge.js';
import { Recall } from './recall.js';
import { Replayer } from './replay/replayer.js';
import { ReplaysController } from './replay/replays.controller.js';
import { ReplaysRepository } from './replay/replays.repository.js';
import { ReplaysService } from './replay/replays.service.js';
import { WebhookReplayController } from './replay/webhook-replay.controller.js';
import { RequestSigner, StandardSigner } from './signing/request-signer.js';
import { RetryJudge } from './retry/retry-judge.js';
import { DefaultRetryPolicy, RetryPolicy } from './retry/retry-policy.js';
import { RETRY_QUEUE, RetryQueue } from './retry/retry.queue.js';
import { ScheduledDeliveries } from './scheduled-deliveries.js';
import { Sender } from './sender.js';
import { SendingCounts } from './sending-counts.js';
import { SendingGauges } from './sending-gauges.js';
import { SendingPolicies } from './claim/sending-policies.js';
import { SettleBatch } from './settle/settle.js';
import { Signatures } from './signing/signatures.js';
import { SigningKeys } from './signing/signing-keys.js';
import { Revoked } from './revoked.js';
import { Rollup } from './stats/rollup.js';
import { StatsController } from './stats/stats.controller.js';
import { BacklogRepository } from './stats/backlog.repository.js';
import { StatsRepository } from './stats/stats.repository.js';
import { StatsService } from './stats/stats.service.js';
import { WebhookStatsController } from './stats/webhook-stats.controller.js';
import { Sweeper } from './sweeper.js';
import { TransformedBodies } from './events/transformed-bodies.js';
import { Transport } from './transport/transport.js';
import { WebhookHealth } from './operational/webhook-health.js';
import { WebhookTargets } from './claim/webhook-targets.js';

/** The entities behind the tables that this module owns. */
export const DELIVERY_ENTITIES = [Event, Delivery, DeliveryAttempt] as const;

/** The routes of the delivery log, of sending again what stands in it, and of the statistics. */
export const DELIVERY_CONTROLLERS: Type[] = [
  DeliveriesController,
  ReplaysController,
  WebhookReplayController,
  StatsController,
  WebhookStatsController,
];

/** What an application puts in the place of ours, or beside it. */
export interface DeliveryExtras {
  /** Decides what becomes of a delivery whose attempt failed. @defaultValue DefaultRetryPolicy */
  readonly retryPolicy?: Extension<RetryPolicy>;
  /** Signs every request. @defaultValue StandardSigner */
  readonly requestSigner?: Extension<RequestSigner>;
  /** Carries every request. @defaultValue HttpTransport */
  readonly transport?: Extension<Transport>;
  /** Hear of operational events, each on its own. @defaultValue none */
  readonly operationalHooks?: readonly Extension<OperationalHook>[];
  /** Take alerts to people, each on its own; an `alertUrl` gets them besides. @defaultValue LogAlerts */
  readonly alertSinks?: readonly Extension<AlertSink>[];
}

/** Injects the application's own transport, unchecked. */
const OWN_TRANSPORT = Symbol('posthorn.own-transport');

const transportProviders = (own: Extension<Transport> | undefined): Provider[] =>
  own === undefined
    ? [{ provide: Transport, useExisting: HttpTransport }]
    : [
        extensionProvider<Transport>(OWN_TRANSPORT, own),
        {
          provide: Transport,
          inject: [OWN_TRANSPORT],
          useFactory: (transport: Transport): Transport => new CheckedTransport(transport),
        },
      ];

@Module({})
export class DeliveryFeature implements OnModuleInit {
  static register(
    parts: { platform: DynamicModule; registry: DynamicModule },
    {
      retryPolicy = DefaultRetryPolicy,
      requestSigner = StandardSigner,
      transport,
      operationalHooks = [],
      alertSinks,
    }: DeliveryExtras = {},
  ): DynamicModule {
    return {
      module: DeliveryFeature,
      imports: [parts.platform, parts.registry, TypeOrmModule.forFeature([...DELIVERY_ENTITIES], DATA_SOURCE)],
      providers: [
        queueProvider(RETRY_QUEUE),
        AccessTokens,
        Attempts,
        ClaimQuery,
        ClaimRelease,
        CustomHeaders,
        DeliveriesRepository,
        DeliveriesService,
        DeliveryEngine,
        DeliveryWake,
        DueDeliveries,
        EndpointAccess,
        Erasure,
        EventIntake,
        EventLog,
        EventStore,
        ExtensionScopes,
        HttpTransport,
        KnownFilters,
        LiveFeed,
        ...alertProviders(alertSinks),
        ...hookProviders(operationalHooks),
        OperationalEvents,
        OperationalHooks,
        OwnershipChallenge,
        Recall,
        Replayer,
        ReplaysRepository,
        ReplaysService,
        extensionProvider<RetryPolicy>(RetryPolicy, retryPolicy),
        extensionProvider<RequestSigner>(RequestSigner, requestSigner),
        RetryJudge,
        RetryQueue,
        Revoked,
        Rollup,
        ScheduledDeliveries,
        Sender,
        SendingCounts,
        SendingGauges,
        SendingPolicies,
        SettleBatch,
        Signatures,
        SigningKeys,
        BacklogRepository,
        StatsRepository,
        StatsService,
        Sweeper,
        TransformedBodies,
        ...transportProviders(transport),
        WebhookHealth,
        WebhookTargets,
      ],
      exports: [
        DeliveriesService,
        DeliveryEngine,
        DeliveryWake,
        DueDeliveries,
        Erasure,
        EventIntake,
        EventLog,
        EventStore,
        LiveFeed,
        OperationalEvents,
        Replayer,
        ReplaysService,
        Rollup,
        ScheduledDeliveries,
        StatsService,
        Sweeper,
      ],
    };
  }

  constructor(
    private readonly settle: SettleBatch,
    private readonly retries: RetryQueue,
    private readonly health: WebhookHealth,
    private readonly recall: Recall,
    private readonly wake: DeliveryWake,
    private readonly rollup: Rollup,
    private readonly live: LiveFeed,
  ) {}

  /** What follows from outcomes, once they are on disk: others may go, retries are reminded of, and the health of the webhooks. */
  onModuleInit(): void {
    this.settle.onSettled(async (settled, health) => {
      this.rollup.noteCounted();
      // First of all: until then, requests go out that are known to be in vain.
      await this.recall.considerPauses(health);
      // What held back others of its webhook is out of the way only now that it is written.
      const paced = settled.filter(({ delivery }) => delivery.paced);
      if (paced.length > 0) this.wake.local(paced.map(({ delivery }) => delivery.webhookId));
      // A circuit that closed is no end of waiting that a walk could foresee, and what waited behind it is work for every process.
      const pausing = new Set(health.flatMap(({ webhookId, pausedMs }) => (pausedMs === undefined ? [] : [webhookId])));
      const closing = settled.filter(({ delivery }) => delivery.isProbe && !pausing.has(delivery.webhookId));
      if (closing.length > 0) this.wake.everywhere(closing.map(({ delivery }) => delivery.webhookId));
      this.retries.remind(
        settled.flatMap(({ delivery, verdict }) =>
          verdict.waitMs === undefined
            ? []
            : [{ deliveryId: delivery.id, number: delivery.number, waitMs: verdict.waitMs }],
        ),
      );
      if (this.live.isFollowed) await this.live.append(settled.flatMap(entriesOfSettlement));
      await this.health.consider(settled, health);
      // Only now are those disabled that are gone: what is given back before would be claimed again.
      await this.recall.considerHolds(settled);
    });
  }
}
