// What is configured: tenants, API keys, webhooks with their secrets, and sources. Owns their tables; others ask here. Its
// controllers are lists: an application has the routes of what it imports.
import { Module } from '@nestjs/common';
import type { DynamicModule, Provider, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiGuard, Authenticator } from '../platform/access/index.js';
import { DATA_SOURCE } from '../platform/database/index.js';
import { extensionProvider } from '../platform/extension.js';
import type { Extension } from '../platform/extension.js';
import { ApiKey } from './api-keys/api-key.entity.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { KeyUses } from './api-keys/key-uses.js';
import { EncryptionController } from './encryption/encryption.controller.js';
import { ReEncryption } from './encryption/re-encryption.js';
import { EnvironmentSources } from './environment-sources.js';
import { Catalogue } from './event-types/catalogue.js';
import { DECLARED_EVENT_TYPES, DeclaredEventTypes } from './event-types/declared-event-types.js';
import { ReadingTime } from './event-types/reading-time.js';
import { CatalogueController } from './event-types/catalogue.controller.js';
import { EventTypesImport } from './event-types/event-types-import.js';
import { EventType } from './event-types/event-type.entity.js';
import { EventTypesController } from './event-types/event-types.controller.js';
import { EventTypesRepository } from './event-types/event-types.repository.js';
import { EventTypesService } from './event-types/event-types.service.js';
import { AuditLogController } from './audit/audit-log.controller.js';
import { AuditLogService } from './audit/audit-log.service.js';
import { CheckedAuthenticator } from './checked.authenticator.js';
import { FilterTestController } from './filter-test.controller.js';
import { KeyAuthenticator } from './key.authenticator.js';
import { MeController } from './me.controller.js';
import { OpenSources } from './open-sources.js';
import { Ownership } from './ownership.js';
import { PortalSession } from './portal-sessions/portal-session.entity.js';
import { PortalSessionsController } from './portal-sessions/portal-sessions.controller.js';
import { PortalSessionsRepository } from './portal-sessions/portal-sessions.repository.js';
import { PortalSessionsService } from './portal-sessions/portal-sessions.service.js';
import { PortalAuthenticator } from './portal.authenticator.js';
import { Quotas } from './quotas.js';
import { Relaying } from './relaying.js';
import { SourceSecretsRepository, WebhookSecretsRepository } from './secrets.repository.js';
import { SourceSecret } from './source-secret.entity.js';
import { SourceSecrets } from './source-secrets.js';
import { Source } from './source.entity.js';
import { SourcesController } from './sources.controller.js';
import { SourcesRepository } from './sources.repository.js';
import { SourcesService } from './sources.service.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { Tenant } from './tenant.entity.js';
import { TenantErasures } from './tenant-erasures.js';
import { TenantsController } from './tenants.controller.js';
import { TenantsRepository } from './tenants.repository.js';
import { TenantsService } from './tenants.service.js';
import { Evaluator } from './transformation/evaluator.js';
import { JsonataTransformer, PayloadTransformer } from './transformation/payload-transformer.js';
import { TransformationTestController } from './transformation/transformation-test.controller.js';
import { TransformationTestService } from './transformation/transformation-test.service.js';
import { Transformations } from './transformation/transformations.js';
import { WebhookChanges } from './webhook-changes.js';
import { WebhookCredentials } from './webhook-credentials.js';
import { WebhookSecret } from './webhook-secret.entity.js';
import { WebhookSecretsController } from './webhook-secrets.controller.js';
import { WebhookSecretsService } from './webhook-secrets.service.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { Webhook } from './webhook.entity.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

/** The entities whose tables belong to the registry. */
export const REGISTRY_ENTITIES = [
  Tenant,
  ApiKey,
  PortalSession,
  Webhook,
  WebhookSecret,
  Source,
  SourceSecret,
  EventType,
] as const;

/** The routes of every application: who may use it, and what was done with it. */
export const ACCESS_CONTROLLERS: Type[] = [
  TenantsController,
  ApiKeysController,
  PortalSessionsController,
  MeController,
  AuditLogController,
  EncryptionController,
];

/** The routes of subscriptions, and of what they subscribe to. */
export const WEBHOOK_CONTROLLERS: Type[] = [
  WebhooksController,
  WebhookSecretsController,
  FilterTestController,
  TransformationTestController,
  CatalogueController,
  EventTypesController,
];

/** The routes of configured senders. */
export const SOURCE_CONTROLLERS: Type[] = [SourcesController];

/** What an application puts in the place of ours. */
export interface RegistryExtras {
  /** Decides who calls the HTTP API, for which tenant, and what it may do. @defaultValue KeyAuthenticator */
  readonly authenticator?: Extension<Authenticator>;
  /** Makes what is sent in the place of an event. @defaultValue JsonataTransformer */
  readonly payloadTransformer?: Extension<PayloadTransformer>;
  /**
   * Classes with `@WebhookEvent()`: event types of the tenant `default`, made at each start, and made to be what the classes say.
   * @defaultValue none
   */
  readonly eventTypes?: readonly Type[];
}

/** Injects the application's own authenticator, unchecked. */
const OWN_AUTHENTICATOR = Symbol('posthorn.own-authenticator');

const authenticatorProviders = (own: Extension<Authenticator> | undefined): Provider[] =>
  own === undefined
    ? [
        {
          provide: Authenticator,
          inject: [KeyAuthenticator, PortalSessionsService],
          useFactory: (keys: KeyAuthenticator, sessions: PortalSessionsService): Authenticator =>
            new PortalAuthenticator(keys, sessions),
        },
      ]
    : [
        extensionProvider<Authenticator>(OWN_AUTHENTICATOR, own),
        {
          provide: Authenticator,
          inject: [OWN_AUTHENTICATOR, TenantsService, PortalSessionsService],
          useFactory: (
            authenticator: Authenticator,
            tenants: TenantsService,
            sessions: PortalSessionsService,
          ): Authenticator => new PortalAuthenticator(new CheckedAuthenticator(authenticator, tenants), sessions),
        },
      ];

@Module({})
export class RegistryFeature {
  /** @param providers - Exports `SourceProviders`. */
  static register(
    platform: DynamicModule,
    providers: DynamicModule,
    { authenticator, payloadTransformer = JsonataTransformer, eventTypes = [] }: RegistryExtras = {},
  ): DynamicModule {
    return {
      module: RegistryFeature,
      imports: [platform, providers, TypeOrmModule.forFeature([...REGISTRY_ENTITIES], DATA_SOURCE)],
      providers: [
        Quotas,
        TenantsRepository,
        TenantErasures,
        TenantsService,
        AuditLogService,
        ApiKeysRepository,
        ApiKeysService,
        KeyUses,
        PortalSessionsRepository,
        PortalSessionsService,
        WebhooksRepository,
        WebhookCredentials,
        WebhookSecretsRepository,
        WebhookSecrets,
        WebhookChanges,
        WebhooksService,
        WebhookSecretsService,
        SubscriptionsService,
        Evaluator,
        extensionProvider<PayloadTransformer>(PayloadTransformer, payloadTransformer),
        Transformations,
        TransformationTestService,
        EventTypesRepository,
        Catalogue,
        { provide: ReadingTime, useFactory: (): ReadingTime => new ReadingTime() },
        EventTypesService,
        EventTypesImport,
        { provide: DECLARED_EVENT_TYPES, useValue: eventTypes },
        DeclaredEventTypes,
        SourcesRepository,
        SourceSecretsRepository,
        SourceSecrets,
        OpenSources,
        Relaying,
        Ownership,
        EnvironmentSources,
        SourcesService,
        ReEncryption,
        KeyAuthenticator,
        ...authenticatorProviders(authenticator),
        ApiGuard,
      ],
      exports: [
        Authenticator,
        ApiGuard,
        TenantsService,
        ApiKeysService,
        PortalSessionsService,
        AuditLogService,
        ReEncryption,
        WebhooksService,
        WebhookSecretsService,
        WebhookChanges,
        SubscriptionsService,
        Catalogue,
        EventTypesService,
        EventTypesImport,
        Transformations,
        TransformationTestService,
        SourcesService,
        OpenSources,
        Relaying,
        Ownership,
      ],
    };
  }
}
