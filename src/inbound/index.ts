export { INBOUND_ENTITIES, InboundModule } from './inbound.module.js';
export { OnWebhook } from './on-webhook.decorator.js';
export type { OnWebhookOptions } from './on-webhook.decorator.js';
export { bodyId, headerOf, textField, UNKNOWN_TYPE } from './providers/provider.js';
export type {
  Description,
  HandshakeAnswer,
  Provider,
  Refusal,
  Verdict,
  VerifyOptions,
  WebhookRequest,
} from './providers/provider.js';
export { WebhookProvider } from './providers/providers.js';
export type { ReceivedEvent } from './received-event.js';
