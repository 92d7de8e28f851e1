// The public face of Posthorn: these names and no others.
export { DeliveryModule, InboundModule, OutboundModule, PosthornModule, RegistryModule } from './posthorn.module.js';
export { ApiRoutes, ReceivingRoutes } from './composition.js';
export { DashboardModule } from './dashboard/index.js';
export type { PosthornModuleAsyncOptions, PosthornModuleExtras, PosthornModuleOptions } from './composition.js';
export type { PosthornAsyncOptions, PosthornOptions, Settings, SettingsInput } from './platform/config/index.js';
export { SettingsError } from './platform/config/index.js';

export { EventDispatcher } from './outbound/index.js';
export type { DispatchOptions, DispatchResult, EventData, EventInput, PosthornEvents } from './outbound/index.js';

export {
  AlertSink,
  DefaultRetryPolicy,
  HttpTransport,
  LogAlerts,
  RequestSigner,
  RetryPolicy,
  StandardSigner,
  Transport,
} from './delivery/index.js';
export type {
  Alert,
  AttemptOutcome,
  AttemptTiming,
  DeliveryExtras,
  EndpointTls,
  FailedAttempt,
  FailedDelivery,
  OperationalEvent,
  OperationalHook,
  RetryVerdict,
  SendingPolicy,
  SignatureHeaders,
  TransportRequest,
  TransportResult,
  UnsignedRequest,
} from './delivery/index.js';
export type { Extension } from './platform/extension.js';

export { bodyId, headerOf, OnWebhook, textField, UNKNOWN_TYPE } from './inbound/index.js';
export type {
  Description,
  HandshakeAnswer,
  ParsedBody,
  Provider,
  ReceivedEvent,
  Refusal,
  SourceOptions,
  Verdict,
  WebhookRequest,
} from './inbound/index.js';
export type { Secret } from './kernel/secret.js';

export { Metrics } from './platform/observability/index.js';

export { Authenticator, bearerToken } from './platform/access/index.js';
export type { AuthenticationRequest, PortalView, Principal, RouteGuards, Scope } from './platform/access/index.js';
export {
  JsonataTransformer,
  KeyAuthenticator,
  PayloadTransformer,
  UnauthenticatedError,
  WebhookEvent,
} from './registry/index.js';
export type { RegistryExtras, TransformedEvent, TransformingWebhook, WebhookEventOptions } from './registry/index.js';

export { KeyRingCipher, SecretCipher } from './kernel/secret-cipher.js';
export { SecretBoxError } from './kernel/secret-box.js';
export type { PlatformExtras } from './platform/platform.module.js';

export { PosthornError } from './kernel/errors.js';
export type { ErrorKind } from './kernel/errors.js';

export { dataSourceOptions, POSTHORN_ENTITIES, POSTHORN_MIGRATIONS } from './persistence.js';
export {
  drizzleExecutor,
  knexExecutor,
  pgExecutor,
  PosthornDataSource,
  prismaExecutor,
} from './platform/database/index.js';
export type {
  DatabaseConnection,
  DrizzleTransaction,
  KnexTransaction,
  PgClient,
  PrismaTransaction,
  SqlExecutor,
  Statement,
} from './platform/database/index.js';
