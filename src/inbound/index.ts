export { INBOUND_ENTITIES, InboundFeature, RECEIVED_CONTROLLERS, RECEIVING_CONTROLLERS } from './inbound.module.js';
export { ProvidersModule } from './providers.module.js';
export type { InboundExtras } from './providers.module.js';
export { OnWebhook } from './on-webhook.decorator.js';
export { bodyId, headerOf, textField, UNKNOWN_TYPE } from './providers/provider.js';
export type {
  Description,
  HandshakeAnswer,
  Provider,
  Refusal,
  SourceOptions,
  Verdict,
  WebhookRequest,
} from './providers/provider.js';
export { BUILT_IN_PROVIDERS } from './providers/built-in-providers.js';
export type { ParsedBody } from './providers/body.js';
export type { ReceivedEvent } from './received-event.js';
