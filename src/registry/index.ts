export { KeyAuthenticator } from './key.authenticator.js';
export { CreatedWebhookDto } from './dto/webhook.dto.js';
export { FailedClauseDto } from './dto/test-filter.dto.js';
export { Catalogue } from './event-types/catalogue.js';
export { WebhookEvent } from './event-types/webhook-event.decorator.js';
export type { WebhookEventOptions } from './event-types/webhook-event.decorator.js';
export { verdictOf } from './filter-verdict.js';
export { SubscriptionsService } from './subscriptions.service.js';
export type { Subscription } from './subscriptions.service.js';
export { EvaluatorBusyError, UnauthenticatedError } from './registry.errors.js';
export {
  ACCESS_CONTROLLERS,
  REGISTRY_ENTITIES,
  RegistryFeature,
  SOURCE_CONTROLLERS,
  WEBHOOK_CONTROLLERS,
} from './registry.module.js';
export type { RegistryExtras } from './registry.module.js';
export type { Processing } from './source.entity.js';
export type { Guarantee, PayloadFormat } from './webhook.entity.js';
export { CHALLENGE_TYPE, Ownership } from './ownership.js';
export { Relaying } from './relaying.js';
export { OpenSources } from './open-sources.js';
export type { OpenSource } from './open-sources.js';
export { SourcesService } from './sources.service.js';
export { SourceProviders } from './source-providers.js';
export { DEFAULT_TENANT, isTenantId } from './tenant-id.js';
export { TenantsService } from './tenants.service.js';
export { JsonataTransformer, PayloadTransformer } from './transformation/payload-transformer.js';
export type { TransformedEvent, TransformingWebhook } from './transformation/payload-transformer.js';
export { TransformationError, Transformations } from './transformation/transformations.js';
export { WebhookId, WebhookNotFound } from './webhook-id.decorator.js';
export { WebhookChanges } from './webhook-changes.js';
export type { WebhookChanged } from './webhook-changes.js';
export { WebhooksService } from './webhooks.service.js';
export type { DisabledReason } from './webhooks.service.js';
