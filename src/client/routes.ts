// Made by "npm run client:generate" from the OpenAPI document. Do not edit: change the API, and make it anew.

export type AddSourceSecretDto = {
  /** As the sender gives it. Never shown again. */
  secret: string;
  /** How long the others live on: 0s to 30d. Null: for good, beside the new one. */
  expireOthersAfter?: string | null;
};

export type ApiKeyDto = {
  id: string;
  name: string;
  /** How the key begins, to tell it by. */
  prefix: string;
  scopes: Scope[];
  /** Who made it: `admin`, `key:<id>`, or the subject of a user. */
  createdBy: string;
  createdAt: string;
  /** Null: never. */
  expiresAt: string | null;
  /** To the minute. */
  lastUsedAt: string | null;
};

export type AttemptRequestView = {
  url: string | null;
  /** As sent; signatures masked. */
  headers: Record<string, unknown>;
};

export type AttemptResponseView = {
  headers: Record<string, unknown>;
  /** The first 4 KiB; undecodable bytes are shown as U+FFFD. */
  body: string | null;
};

export type AttemptTimingView = {
  /** Until a connection was asked for: obtaining a token, signing. Null: not measured. */
  waitMs: number | null;
  /** Name, connection, TLS. Null: a kept-alive connection served, or it did not come to one. */
  connectMs: number | null;
  /** Sending the request, and until the head of the answer came. Null: nothing was sent. */
  firstByteMs: number | null;
  /** Reading the body of the answer. Null: nothing was answered. */
  bodyMs: number | null;
};

export type AttemptView = {
  number: number;
  startedAt: string;
  durationMs: number;
  outcome: string;
  httpStatus: number | null;
  /** A code, where the exchange broke; a sentence, where the transformation failed. */
  error: string | null;
  /** Where the time went, phase by phase; the one in which it broke off lasted until then. Null: not known. */
  timing: AttemptTimingView | null;
  request: AttemptRequestView;
  response: AttemptResponseView | null;
};

export type AuditEntryDto = {
  id: string;
  at: string;
  actor: string;
  action: string;
  /** The id or name of what it was done to. */
  resource: string;
  /** Never a secret. */
  changes: ChangedFieldDto[];
  /** The `X-Request-Id` of the request. */
  requestId: string;
  /** Where it came from. */
  address: string | null;
};

export type BacklogView = {
  /** Due, and not taken yet. */
  pending: number;
  /** To be delivered later, as was asked for. */
  scheduled: number;
  /** Waiting for another attempt. */
  retrying: number;
  /** Being sent at this moment. */
  sending: number;
  /** For how long the oldest of `pending` has been due; null where there is none. */
  oldestDueSeconds: number | null;
  /** Counting ends here: so many means at least so many. `scheduled` and `retrying` share it. */
  countedUpTo: number;
};

export type BatchRefusalView = {
  error: string;
  code: string;
  /** Each place that is wrong. */
  details?: string[];
};

export type BulkReplayDto = {
  /** Also the handlers that succeeded, and those that were added since. */
  all?: boolean;
  /** Received at or after. */
  since: string;
  /** Received before; now where it is not given. */
  until?: string;
  /** The name of a source, exactly. */
  source?: string;
  /** A type, exactly. */
  type?: string;
  /** Only counts. */
  dryRun?: boolean;
};

export type ChangedFieldDto = {
  field: string;
  /** Absent where values are not kept. */
  before?: (string | number | boolean | unknown[] | Record<string, unknown>) | null;
  after?: (string | number | boolean | unknown[] | Record<string, unknown>) | null;
};

export type CreateApiKeyDto = {
  name: string;
  /** What it may do, no more than whoever makes it. `webhooks:read`: see webhooks; `webhooks:write`: manage webhooks, their secrets and tests; `events:write`: send events; `event-types:read`: see the catalogue of event types; `event-types:write`: manage the catalogue; `deliveries:read`: see what was sent, to whom, and what became of it; `deliveries:write`: retry, replay, erase payloads; `sources:read`: see sources, what they received and what was refused; `sources:write`: manage sources and their secrets, run handlers again; `keys:write`: see, make and revoke API keys; `admin`: all of these and the audit log, within the tenant. A `:write` includes the `:read`. */
  scopes: Scope[];
  /** From when on it is refused, no later than the key that makes it. Absent: as that one, or never. */
  expiresAt?: string;
};

export type CreateEventTypeDto = {
  description?: string | null;
  /** JSON Schema 2020-12 that the data of every event of this type must meet. It refers to nothing outside itself. */
  schema?: Record<string, unknown> | null;
  /** Data of such an event; it meets the schema. */
  example?: Record<string, unknown> | null;
  version?: string | null;
  /** Shown as such; sent as before. */
  deprecated?: boolean;
  /** Kept, and treated as if it were not there. */
  archived?: boolean;
  name: string;
};

export type CreatePortalSessionDto = {
  /** The parts of the dashboard that it shows. */
  sections?: PortalSection[];
  /** Whether nothing can be changed with it. */
  readOnly?: boolean;
  /** How long it lasts, 1m to 24h; no longer than the key that makes it. */
  expiresIn?: string;
  /** Who will use it: the audit log names them as `portal:<user>`. */
  user?: string;
  theme?: PortalThemeDto;
};

export type CreateSourceDto = {
  /** Settings of the provider, all of them: changing it replaces the whole. */
  config?: Record<string, string | number | boolean>;
  /** `inline`: handlers run before the sender is answered. `queued`: it is answered once all is stored. */
  processing?: Processing;
  /** Whether what comes in is dispatched again, as `<source>.<type>`. */
  relay?: boolean;
  /** How far its clock and ours may be apart, where it signs a time. Null: the provider’s own. */
  toleranceSeconds?: number | null;
  /** Largest body; cut while it is still being sent. Null: the provider’s own, 1 MiB. */
  maxBodyBytes?: number | null;
  /** How long a body may take to arrive. Null: 30 s. */
  readTimeoutMs?: number | null;
  /** How long a repeated event is recognised. Null: `IDEMPOTENCY_WINDOW`. */
  idempotencyWindowSeconds?: number | null;
  /** After how long without a verified request the event `posthorn.source.silent` tells of it: 1m to 30d, or 2x to 100x its usual gap. Null: never. */
  silentAfter?: string | null;
  /** `max` requests at once, and as many again over `perSeconds` seconds; counted by each process, before any signature is checked. Null: no limit. */
  rateLimit?: { max?: number; perSeconds?: number } | null;
  /** Networks (CIDR) that requests may come from; behind a proxy, `TRUST_PROXY` must be set. Null: any. */
  allowedIps?: string[] | null;
  /** What the sender is answered when all is well, for senders that require something particular. */
  answer?: { status?: number; contentType?: string; body?: string } | null;
  /** Stands in the path. */
  name: string;
  /** How its sender signs and names what it sends. */
  provider: string;
  /** What the sender signs with, the one in use first; a request may match any. Never shown again. */
  secrets: string[];
};

export type CreateTenantDto = {
  /** Deadline of one attempt. Null: the tenant’s, else the installation’s. */
  timeoutMs?: number | null;
  /** Waits before each retry, or the name of a schedule. Null: the tenant’s, else the installation’s. */
  retrySchedule?: (('default' | 'standard') | string[]) | null;
  /** Share by which a wait is stretched or shrunk at random. Null: the tenant’s, else the installation’s. */
  retryJitter?: number | null;
  /** Longest wait before a retry, by the schedule and by `Retry-After` alike. Null: the tenant’s, else the installation’s. */
  maxRetryWaitMs?: number | null;
  /** Answers that are tried again, all others but 2xx being final: statuses (`404`), classes (`5xx`), ranges (`520-526`), `default` (`3xx`, `408`, `425`, `429`, `500-999`); `!` in front takes out. `410` is listed by itself alone. Null: the tenant’s, else the installation’s. */
  retryStatuses?: string[] | null;
  /** A webhook that has only failed for this long and this many attempts is disabled; false: never. Null: the tenant’s, else the installation’s. */
  autoDisable?: ({ after: string; attempts: number } | false) | null;
  /** How many webhooks it may have. Null: as the installation says. What is there already stays. */
  maxWebhooks?: number | null;
  /** How many sources it may have. Null: as the installation says. What is there already stays. */
  maxSources?: number | null;
  id: string;
  name: string;
};

export type CreateWebhookDto = {
  /** Deadline of one attempt. Null: the tenant’s, else the installation’s. */
  timeoutMs?: number | null;
  /** Waits before each retry, or the name of a schedule. Null: the tenant’s, else the installation’s. */
  retrySchedule?: (('default' | 'standard') | string[]) | null;
  /** Share by which a wait is stretched or shrunk at random. Null: the tenant’s, else the installation’s. */
  retryJitter?: number | null;
  /** Longest wait before a retry, by the schedule and by `Retry-After` alike. Null: the tenant’s, else the installation’s. */
  maxRetryWaitMs?: number | null;
  /** Answers that are tried again, all others but 2xx being final: statuses (`404`), classes (`5xx`), ranges (`520-526`), `default` (`3xx`, `408`, `425`, `429`, `500-999`); `!` in front takes out. `410` is listed by itself alone. Null: the tenant’s, else the installation’s. */
  retryStatuses?: string[] | null;
  /** A webhook that has only failed for this long and this many attempts is disabled; false: never. Null: the tenant’s, else the installation’s. */
  autoDisable?: ({ after: string; attempts: number } | false) | null;
  /** False disables: events are recorded as skipped. */
  active?: boolean;
  description?: string | null;
  /** How events are written: our own envelope, or CloudEvents 1.0 (JSON format, or binary content mode). */
  format?: PayloadFormat;
  /** Custom headers of every request, all of them; their values are never shown again. Null: none. */
  headers?: Record<string, string> | null;
  /** How requests are authenticated, beside signatures; secrets are never shown again. The whole of it replaces what there was. Null: not at all. */
  authentication?:
    | (
        | { type: 'basic'; username: string; password: string; ca?: string }
        | { type: 'bearer'; token: string; ca?: string }
        | {
            type: 'oauth2';
            tokenUrl: string;
            clientId: string;
            clientSecret: string;
            scope?: string;
            audience?: string;
            clientAuthentication?: 'header' | 'body';
            ca?: string;
          }
        | { type: 'mtls'; certificate: string; privateKey: string; ca?: string }
        | { type: 'tls'; ca: string }
      )
    | null;
  /** Requests in flight at most, from all workers together. Null: a quarter of what each worker may have. */
  maxInFlight?: number | null;
  /** At most `max` attempts in any `perSeconds` seconds, from all workers together. Null: no limit. */
  rateLimit?: { max?: number; perSeconds?: number } | null;
  /** Deliveries of events with the same `orderingKey`, or with none, go one after the other: the next is sent when the one before is final. Holds for events dispatched from then on. */
  ordered?: boolean;
  /** How long deliveries are worth sending, for events that do not say so themselves: 100ms to 14d. Null: for ever. */
  expiresAfter?: string | null;
  /** Of the events of its types, those that meet this: conditions on `event`, `data` and `tags`. Null: all of them. */
  filter?: Record<string, unknown> | null;
  /** JSONata that makes what is sent in the place of an event: of its `id`, `event`, `timestamp` and `data`. Null: the event is sent. */
  transformation?: string | null;
  /** `at-most-once`: a request that may have reached the receiver is never sent again, whatever it came to. */
  guarantee?: Guarantee;
  /** https, and public. */
  url: string;
  /** Event types, prefixes such as `order.*` (any depth below), or `*`. Duplicates are folded. */
  events: string[];
  /** A secret that receivers already have; without it, a new one is made. `whsec_` and base64 of 24 to 64 bytes, `whsk_` and base64 of an Ed25519 private key (32 bytes, or 64 with its public half), or 24 to 256 printable ASCII characters. */
  secret?: string;
  /** `hmac`: receivers hold the same secret. `ed25519`: they hold a public key, and can sign nothing. Without it, as the secret says, else as the newest one, else `hmac`. */
  signatureScheme?: SignatureScheme;
};

export type CreatedApiKeyDto = {
  id: string;
  name: string;
  /** How the key begins, to tell it by. */
  prefix: string;
  scopes: Scope[];
  /** Who made it: `admin`, `key:<id>`, or the subject of a user. */
  createdBy: string;
  createdAt: string;
  /** Null: never. */
  expiresAt: string | null;
  /** To the minute. */
  lastUsedAt: string | null;
  /** Sent as `Authorization: Bearer <key>`. Shown only here, and absent from the answer to a repeated `Idempotency-Key`. */
  key?: string;
};

export type CreatedPortalSessionDto = {
  id: string;
  sections: PortalSection[];
  readOnly: boolean;
  user: string | null;
  createdAt: string;
  expiresAt: string;
  /** The link. The token stands behind the `#`, which browsers send to nobody: no log of a server or a proxy has it. Shown only here, and absent from the answer to a repeated `Idempotency-Key`. */
  url?: string;
  /** Sent as `Authorization: Bearer <token>`. Shown only here, and absent from the answer to a repeated `Idempotency-Key`. */
  token?: string;
};

export type CreatedSecretDto = {
  id: string;
  /** Its last characters, to tell it by. */
  hint: string;
  createdAt: string;
  /** Null: it lives on. */
  expiresAt: string | null;
  /** How it signs. */
  signatureScheme: SignatureScheme;
  /** What `v1a` signatures are verified with, `whpk_` and base64 of its 32 bytes. Null: the secret is shared. */
  publicKey: string | null;
  /** Shown only here, and absent from the answer to a repeated `Idempotency-Key`. Null: it is a private key, and never shown. */
  secret?: string | null;
};

export type CreatedWebhookDto = {
  /** Deadline of one attempt. */
  timeoutMs: number | null;
  /** Waits before each retry. */
  retrySchedule: string[] | null;
  /** Share of a wait that is random. */
  retryJitter: number | null;
  /** Longest wait before a retry. */
  maxRetryWaitMs: number | null;
  /** Answers that are tried again. */
  retryStatuses: string[] | null;
  /** When it is disabled for only failing; false: never. */
  autoDisable: ({ after?: string; attempts?: number } | false) | null;
  id: string;
  url: string;
  events: string[];
  active: boolean;
  /** `manual`; `gone`: the receiver answered 410; `failing`: it only failed for too long. */
  disabledReason: string | null;
  description: string | null;
  /** How events are written. */
  format: PayloadFormat;
  /** Names of the custom headers. Null: there are some, and no encryption key of this installation opens them. */
  headers: string[] | null;
  /** How requests are authenticated, without what is secret. `unreadable`: no encryption key of this installation opens it. Null: by signatures alone. */
  authentication?: {
    type: 'basic' | 'bearer' | 'oauth2' | 'mtls' | 'tls' | 'unreadable';
    /** Of `basic`. */
    username?: string;
    /** Of `oauth2`, as are `clientId`, `scope`, `audience`, `clientAuthentication`. */
    tokenUrl?: string;
    clientId?: string;
    scope?: string;
    audience?: string;
    clientAuthentication?: 'header' | 'body';
    /** Of `mtls`: whom the certificate names. */
    subject?: string;
    /** Of `mtls`: when the certificate ends. */
    expiresAt?: string;
    /** Whom the certificate of `ca` names, where there is one. */
    authority?: string;
  } | null;
  /** Requests in flight at most. Null: no limit of its own. */
  maxInFlight: number | null;
  /** How long deliveries are worth sending. Null: for ever. */
  expiresAfter: string | null;
  /** How often a request may be sent. */
  guarantee: Guarantee;
  /** Attempts in any so many seconds at most. Null: no limit. */
  rateLimit?: { max: number; perSeconds: number } | null;
  /** Whether deliveries with the same ordering key go one after the other. */
  ordered: boolean;
  /** Which events of its types it takes. Null: all of them. */
  filter: Record<string, unknown> | null;
  /** JSONata that makes what is sent in the place of an event. Null: the event is sent. */
  transformation: string | null;
  /** The live ones, newest first. */
  secrets: SigningSecretDto[];
  createdAt: string;
  updatedAt: string;
  /** Signs what is delivered. Shown only here, and absent from the answer to a repeated `Idempotency-Key`; keep it, or rotate for another. Null: it is a private key, and never shown. */
  secret?: string | null;
};

export type DeliveryDetailView = {
  id: string;
  eventId: string;
  event: string;
  webhookId: string;
  status: DeliveryStatus;
  reason: string | null;
  attemptCount: number;
  lastHttpStatus: number | null;
  /** When it is due; null unless it waits. */
  nextAttemptAt: string | null;
  /** No attempt begins after this; null: it is worth sending for ever. */
  expiresAt: string | null;
  /** The delivery that this one replays. */
  replayOf: string | null;
  createdAt: string;
  /** When it became final. */
  completedAt: string | null;
  /** What is sent in the place of the event, byte for byte. Null: the event, or nothing was sent yet. */
  transformed: string | null;
  /** The newest 101, in order. */
  attempts: AttemptView[];
  /** Gives those before at `/api/deliveries/{id}/attempts`; null: there are none. */
  attemptsCursor: string | null;
};

export type DeliveryStatus =
  'pending' | 'sending' | 'retrying' | 'success' | 'client_error' | 'failed' | 'skipped' | 'expired';

export type DeliveryView = {
  id: string;
  eventId: string;
  event: string;
  webhookId: string;
  status: DeliveryStatus;
  reason: string | null;
  attemptCount: number;
  lastHttpStatus: number | null;
  /** When it is due; null unless it waits. */
  nextAttemptAt: string | null;
  /** No attempt begins after this; null: it is worth sending for ever. */
  expiresAt: string | null;
  /** The delivery that this one replays. */
  replayOf: string | null;
  createdAt: string;
  /** When it became final. */
  completedAt: string | null;
};

export type DispatchView = {
  id: string;
  event: string;
  /** How many deliveries are pending. */
  deliveries: number;
};

export type EmptyBody = Record<string, unknown>;

export type EventBatchDto = { events: EventDto[] };

export type EventDetailView = {
  id: string;
  event: string;
  /** Null once erased. */
  data: Record<string, unknown> | null;
  dataErasedAt: string | null;
  timestamp: string;
  idempotencyKey: string | null;
  orderingKey: string | null;
  tags: string[];
  /** One for each webhook that it matched; then those that replays made. The newest 250 of them. */
  deliveries: DeliveryView[];
  /** Gives those before at `/api/events/{id}/deliveries`; null: there are none. */
  deliveriesCursor: string | null;
  /** For every webhook of the tenant, why it got the event, or why not. */
  webhooks: WebhookExplanations;
};

export type EventDto = {
  /** Words joined by dots. */
  event: string;
  /** A JSON object, at most 256 KiB. */
  data: Record<string, unknown>;
  idempotencyKey?: string;
  /** Narrows the matching webhooks to these. */
  webhookIds?: string[];
  /** The first attempts do not come before this. Less than 30 days and than `RETENTION` ahead; a moment in the past is now. */
  deliverAt?: string | null;
  /** What has not succeeded after this time, counted from now or from `deliverAt`, expires: 100ms to 14d. Else what each webhook says. */
  expiresAfter?: string | null;
  /** Ordered webhooks get events with the same key one after the other. */
  orderingKey?: string | null;
  /** What filters of webhooks may look at besides the data. Each 1 to 64 letters, digits and `_.:/@=+-`. */
  tags?: string[] | null;
};

export type EventTypeDto = {
  name: string;
  description: string | null;
  schema: Record<string, unknown> | null;
  example: Record<string, unknown> | null;
  version: string | null;
  deprecated: boolean;
  archived: boolean;
  createdAt: string;
  updatedAt: string;
};

export type EventView = {
  id: string;
  event: string;
  /** Null once erased. */
  data: Record<string, unknown> | null;
  dataErasedAt: string | null;
  timestamp: string;
  idempotencyKey: string | null;
  orderingKey: string | null;
  tags: string[];
};

export type FailedClauseDto = {
  /** Where it stands in the filter. Empty: the event took more steps to judge than a filter may. */
  clause: string;
  /** What stands there; null for $or and $not. */
  expected: (string | number | boolean | unknown[] | Record<string, unknown>) | null;
};

export type FailedJobDto = {
  id: string;
  /** What it held: the id of a row, and nothing else. */
  data: Record<string, unknown>;
  reason: string;
  at: string;
};

export type FailingView = {
  webhookId: string;
  /** Where it is now. */
  url: string;
  attempts: number;
  failures: number;
  /** The share of successes; null where there was no attempt. */
  successRate: number | null;
};

export type FilterVerdictDto = {
  /** Whether the webhook would get the event: subscribed, and let through. */
  matched: boolean;
  /** Whether it subscribes to the type. */
  subscribed: boolean;
  /** The first clause that the event does not meet. Null: it meets them all. */
  failedClause: FailedClauseDto | null;
};

export type Guarantee = 'at-least-once' | 'at-most-once';

export type HandlerRunDto = {
  handler: string;
  status: HandlerRunStatus;
  attemptCount: number;
  /** Why the last attempt failed. */
  error: string | null;
  /** When it runs next; null when it does not by itself. */
  nextAttemptAt: string | null;
  finishedAt: string | null;
};

export type HandlerRunStatus = 'pending' | 'running' | 'succeeded' | 'failed';

export type ImportEventTypesDto = {
  /** An OpenAPI document of version 3.1 or 3.2. Of it, `webhooks` are read, and the schemas they refer to. */
  document: Record<string, unknown>;
  /** Says what would be done, and does not do it. */
  dryRun?: boolean;
};

export type ImportedEventTypesDto = { dryRun: boolean; created: string[]; updated: string[]; unchanged: string[] };

export type LatencyView = { p50: number | null; p95: number | null; p99: number | null };

export type MeDto = {
  tenant: OwnTenantDto;
  /** `admin`, `key:<id>`, `portal:<user>`, or the subject of a user. */
  subject: string;
  scopes: Scope[];
  /** Whether it may manage tenants, and act for each of them by `X-Tenant`. */
  installation: boolean;
  /** Null: never. */
  expiresAt: string | null;
  /** What the dashboard shows, for who came by a portal link. Null: everything. */
  portal: PortalViewDto | null;
};

export type OwnTenantDto = { id: string; name: string };

export type PayloadFormat = 'native' | 'cloudevents-structured' | 'cloudevents-binary';

export type PortalMode = 'light' | 'dark';

export type PortalSection = 'overview' | 'webhooks' | 'deliveries' | 'event-types' | 'received';

export type PortalThemeDto = {
  /** Of links and buttons. */
  accent?: string;
  /** Absent: as the browser prefers. */
  mode?: PortalMode;
};

export type PortalThemeViewDto = { accent?: string; mode?: PortalMode };

export type PortalViewDto = { sections: string[]; theme: PortalThemeViewDto };

export type Processing = 'inline' | 'queued';

export type QueueDto = {
  name: string;
  /** Null: the queue does not answer. */
  state: QueueStateDto | null;
};

export type QueueStateDto = {
  /** Jobs whose time has come and that no worker has taken. */
  waiting: number;
  /** Jobs under way. */
  active: number;
  /** Jobs whose time is yet to come. */
  delayed: number;
  /** Jobs that ended in an error and are kept. */
  failed: number;
  /** Since when the oldest waiting job has been due. */
  oldestWaitingSince: string | null;
  /** When the next of the delayed jobs is due. */
  nextDelayedAt: string | null;
  /** The last 20 of them. */
  lastFailed: FailedJobDto[];
};

export type QueuesDto = {
  /** Where the jobs are kept. */
  backend: 'postgresql' | 'redis';
  data: QueueDto[];
};

export type ReEncryptedDto = {
  /** Secrets, and sets of custom headers, that an older key had sealed. */
  reencrypted: number;
  /** Those that no key of this installation opens; they stay as they are. */
  unreadable: number;
};

export type ReceivedEventDetailDto = {
  id: string;
  source: string;
  provider: string;
  /** The sender’s own id of the event, or a hash of its body. */
  externalId: string;
  type: string;
  status: ReceivedEventStatus;
  /** Whether another body came under the same id; the first one counts. */
  conflict: boolean;
  /** When it happened, where the sender says it. */
  occurredAt: string | null;
  receivedAt: string;
  processedAt: string | null;
  /** The headers as they came; signatures and credentials are masked. */
  headers: Record<string, string>;
  /** The bytes as they came, as text where they are UTF-8. */
  body: string;
  /** How `body` is written. */
  bodyEncoding: 'utf8' | 'base64';
  runs: HandlerRunDto[];
};

export type ReceivedEventDto = {
  id: string;
  source: string;
  provider: string;
  /** The sender’s own id of the event, or a hash of its body. */
  externalId: string;
  type: string;
  status: ReceivedEventStatus;
  /** Whether another body came under the same id; the first one counts. */
  conflict: boolean;
  /** When it happened, where the sender says it. */
  occurredAt: string | null;
  receivedAt: string;
  processedAt: string | null;
};

export type ReceivedEventStatus = 'processing' | 'processed' | 'failed' | 'unhandled' | 'rejected';

export type RejectionDto = {
  reason: RejectionReason;
  /** The hour it counts. */
  hour: string;
  count: number;
  lastAt: string;
  /** The latest few requests, without bodies and signatures. */
  samples: RejectionSampleDto[];
};

export type RejectionReason =
  | 'no_signature'
  | 'malformed'
  | 'stale'
  | 'no_secret_matched'
  | 'challenge_refused'
  | 'ip_not_allowed'
  | 'rate_limited'
  | 'too_large'
  | 'too_slow'
  | 'too_busy';

export type RejectionSampleDto = {
  at: string;
  address: string | null;
  /** The `X-Request-Id` that was answered; it is in the log too. */
  requestId: string;
  userAgent: string | null;
};

export type ReplayAcceptedView = {
  /** The replay; absent after a dry run. */
  id?: string;
  /** How many deliveries it makes. */
  count: number;
};

export type ReplayReceivedEventDto = {
  /** Also the handlers that succeeded, and those that were added since. */
  all?: boolean;
};

export type ReplayRequestDto = {
  /** Deliveries created at or after. */
  since: string;
  /** Created before; now where it is not given. */
  until?: string;
  /** One final status or several; all but `success` where none is given. */
  status?:
    | ('success' | 'client_error' | 'failed' | 'skipped' | 'expired')
    | ('success' | 'client_error' | 'failed' | 'skipped' | 'expired')[];
  /** Only counts. */
  dryRun?: boolean;
};

export type ReplayView = {
  id: string;
  webhookId: string;
  since: string;
  until: string;
  status: ('success' | 'client_error' | 'failed' | 'skipped' | 'expired')[];
  /** How many deliveries matched when it was asked for. */
  count: number;
  /** How many deliveries it has made so far. */
  made: number;
  createdAt: string;
  /** When the last delivery was made, or the webhook was disabled; null while it is under way. */
  finishedAt: string | null;
};

export type ReplayedDto = {
  /** How many handlers run again. */
  count: number;
};

export type RotateSecretDto = {
  /** A secret that receivers already have; without it, a new one is made. `whsec_` and base64 of 24 to 64 bytes, `whsk_` and base64 of an Ed25519 private key (32 bytes, or 64 with its public half), or 24 to 256 printable ASCII characters. */
  secret?: string;
  /** `hmac`: receivers hold the same secret. `ed25519`: they hold a public key, and can sign nothing. Without it, as the secret says, else as the newest one, else `hmac`. */
  signatureScheme?: SignatureScheme;
  /** How long the others sign along: 0s to 7d. An earlier end of theirs stands. */
  expireOthersAfter?: string;
};

export type Scope =
  | 'webhooks:read'
  | 'webhooks:write'
  | 'events:write'
  | 'event-types:read'
  | 'event-types:write'
  | 'deliveries:read'
  | 'deliveries:write'
  | 'sources:read'
  | 'sources:write'
  | 'keys:write'
  | 'admin';

export type SealedStateDto = {
  /** Secrets, sets of custom headers, and credentials of webhooks. */
  sealed: number;
  /** Those of them that are not under the first key. None: the keys behind it may be dropped. */
  outdated: number;
};

export type SecretDto = {
  id: string;
  /** Its last characters, to tell it by. */
  hint: string;
  createdAt: string;
  /** Null: it lives on. */
  expiresAt: string | null;
};

export type SignatureScheme = 'hmac' | 'ed25519';

export type SigningSecretDto = {
  id: string;
  /** Its last characters, to tell it by. */
  hint: string;
  createdAt: string;
  /** Null: it lives on. */
  expiresAt: string | null;
  /** How it signs. */
  signatureScheme: SignatureScheme;
  /** What `v1a` signatures are verified with, `whpk_` and base64 of its 32 bytes. Null: the secret is shared. */
  publicKey: string | null;
};

export type SourceDto = {
  id: string;
  name: string;
  provider: string;
  /** Where its sender posts to, below PUBLIC_URL. */
  path: string;
  /** Tokens in it are masked. */
  config: Record<string, unknown>;
  processing: Processing;
  relay: boolean;
  /** Null: the provider’s own. */
  toleranceSeconds: number | null;
  /** Null: the provider’s own, 1 MiB. */
  maxBodyBytes: number | null;
  /** Null: 30 s. */
  readTimeoutMs: number | null;
  /** Null: `IDEMPOTENCY_WINDOW`. */
  idempotencyWindowSeconds: number | null;
  /** Null: its silence is not told. */
  silentAfter: string | null;
  rateLimit?: { max: number; perSeconds: number } | null;
  allowedIps: string[] | null;
  answer: { status?: number; contentType?: string; body?: string } | null;
  /** The live ones, newest first. */
  secrets: SecretDto[];
  createdAt: string;
  updatedAt: string;
};

export type StatsBucket = 'auto' | 'minute' | 'hour';

export type StatsBucketView = {
  /** Where it begins. */
  at: string;
  attempts: number;
  successes: number;
  failures: number;
  p50Ms: number | null;
  p95Ms: number | null;
};

export type StatsView = {
  /** Where the first bucket begins. */
  since: string;
  /** Where the last bucket ends, which may be yet to come. */
  until: string;
  bucketSeconds: number;
  totals: TotalsView;
  /** Every bucket of the period, in order, empty ones too. */
  buckets: StatsBucketView[];
  /** Those with the worst share of successes, at most ten. */
  failing: FailingView[];
  /** Of the tenant, or of the webhook that is asked for, whatever the period and the event. */
  backlog: BacklogView;
};

export type StorageDto = {
  /** How long the log is kept, in milliseconds. */
  retentionMs: number;
  /** The tables of the log. */
  tables: StoredTableDto[];
};

export type StoredTableDto = {
  table: string;
  /** Its partitions of one day each. */
  partitions: number;
  /** The first day of the oldest partition, in UTC. */
  oldestDay: string | null;
  /** The last day of the newest partition, in UTC: they are made some days ahead. */
  newestDay: string | null;
  /** What it takes on disk, indexes included. */
  bytes: number;
  /** Partitions past the retention that are still there: about to be dropped, or held by unfinished work. */
  pastRetention: number;
};

export type TenantDto = {
  /** Deadline of one attempt. */
  timeoutMs: number | null;
  /** Waits before each retry. */
  retrySchedule: string[] | null;
  /** Share of a wait that is random. */
  retryJitter: number | null;
  /** Longest wait before a retry. */
  maxRetryWaitMs: number | null;
  /** Answers that are tried again. */
  retryStatuses: string[] | null;
  /** When it is disabled for only failing; false: never. */
  autoDisable: ({ after?: string; attempts?: number } | false) | null;
  /** How many webhooks it may have. */
  maxWebhooks: number | null;
  /** How many sources it may have. */
  maxSources: number | null;
  id: string;
  name: string;
  createdAt: string;
};

export type TestEventDto = {
  /** Any type that can be sent, whatever the webhook subscribes to. */
  event?: string;
  /** A JSON object, at most 256 KiB; a small one is sent where none is given. */
  data?: Record<string, unknown>;
};

export type TestFilterDto = {
  event: string;
  data: Record<string, unknown>;
  tags?: string[];
  /** Asked in the place of the webhook’s own. Null: none. Absent: its own. */
  filter?: Record<string, unknown> | null;
};

export type TestTransformationDto = {
  event: string;
  data: Record<string, unknown>;
  /** Run in the place of the webhook’s own. Null: none. Absent: its own. */
  transformation?: string | null;
};

export type TotalsView = {
  attempts: number;
  successes: number;
  failures: number;
  /** How many attempts came to what; outcomes that did not occur are not there. */
  outcomes: Record<string, number>;
  /** The share of successes; null where there was no attempt. */
  successRate: number | null;
  /** How long attempts took, failed ones too; null without any. */
  latencyMs: LatencyView;
};

export type TransformedDto = {
  /** What would be sent: the body, or the data of a CloudEvent. Null where it failed. */
  result: (string | number | boolean | unknown[] | Record<string, unknown>) | null;
  /** Why it failed. Null: it did not. */
  error: string | null;
};

export type UpdateEventTypeDto = {
  description?: string | null;
  /** JSON Schema 2020-12 that the data of every event of this type must meet. It refers to nothing outside itself. */
  schema?: Record<string, unknown> | null;
  /** Data of such an event; it meets the schema. */
  example?: Record<string, unknown> | null;
  version?: string | null;
  /** Shown as such; sent as before. */
  deprecated?: boolean;
  /** Kept, and treated as if it were not there. */
  archived?: boolean;
};

export type UpdateSourceDto = {
  /** Settings of the provider, all of them: changing it replaces the whole. */
  config?: Record<string, string | number | boolean>;
  /** `inline`: handlers run before the sender is answered. `queued`: it is answered once all is stored. */
  processing?: Processing;
  /** Whether what comes in is dispatched again, as `<source>.<type>`. */
  relay?: boolean;
  /** How far its clock and ours may be apart, where it signs a time. Null: the provider’s own. */
  toleranceSeconds?: number | null;
  /** Largest body; cut while it is still being sent. Null: the provider’s own, 1 MiB. */
  maxBodyBytes?: number | null;
  /** How long a body may take to arrive. Null: 30 s. */
  readTimeoutMs?: number | null;
  /** How long a repeated event is recognised. Null: `IDEMPOTENCY_WINDOW`. */
  idempotencyWindowSeconds?: number | null;
  /** After how long without a verified request the event `posthorn.source.silent` tells of it: 1m to 30d, or 2x to 100x its usual gap. Null: never. */
  silentAfter?: string | null;
  /** `max` requests at once, and as many again over `perSeconds` seconds; counted by each process, before any signature is checked. Null: no limit. */
  rateLimit?: { max?: number; perSeconds?: number } | null;
  /** Networks (CIDR) that requests may come from; behind a proxy, `TRUST_PROXY` must be set. Null: any. */
  allowedIps?: string[] | null;
  /** What the sender is answered when all is well, for senders that require something particular. */
  answer?: { status?: number; contentType?: string; body?: string } | null;
};

export type UpdateTenantDto = {
  /** Deadline of one attempt. Null: the tenant’s, else the installation’s. */
  timeoutMs?: number | null;
  /** Waits before each retry, or the name of a schedule. Null: the tenant’s, else the installation’s. */
  retrySchedule?: (('default' | 'standard') | string[]) | null;
  /** Share by which a wait is stretched or shrunk at random. Null: the tenant’s, else the installation’s. */
  retryJitter?: number | null;
  /** Longest wait before a retry, by the schedule and by `Retry-After` alike. Null: the tenant’s, else the installation’s. */
  maxRetryWaitMs?: number | null;
  /** Answers that are tried again, all others but 2xx being final: statuses (`404`), classes (`5xx`), ranges (`520-526`), `default` (`3xx`, `408`, `425`, `429`, `500-999`); `!` in front takes out. `410` is listed by itself alone. Null: the tenant’s, else the installation’s. */
  retryStatuses?: string[] | null;
  /** A webhook that has only failed for this long and this many attempts is disabled; false: never. Null: the tenant’s, else the installation’s. */
  autoDisable?: ({ after: string; attempts: number } | false) | null;
  /** How many webhooks it may have. Null: as the installation says. What is there already stays. */
  maxWebhooks?: number | null;
  /** How many sources it may have. Null: as the installation says. What is there already stays. */
  maxSources?: number | null;
  name?: string;
};

export type UpdateWebhookDto = {
  /** Deadline of one attempt. Null: the tenant’s, else the installation’s. */
  timeoutMs?: number | null;
  /** Waits before each retry, or the name of a schedule. Null: the tenant’s, else the installation’s. */
  retrySchedule?: (('default' | 'standard') | string[]) | null;
  /** Share by which a wait is stretched or shrunk at random. Null: the tenant’s, else the installation’s. */
  retryJitter?: number | null;
  /** Longest wait before a retry, by the schedule and by `Retry-After` alike. Null: the tenant’s, else the installation’s. */
  maxRetryWaitMs?: number | null;
  /** Answers that are tried again, all others but 2xx being final: statuses (`404`), classes (`5xx`), ranges (`520-526`), `default` (`3xx`, `408`, `425`, `429`, `500-999`); `!` in front takes out. `410` is listed by itself alone. Null: the tenant’s, else the installation’s. */
  retryStatuses?: string[] | null;
  /** A webhook that has only failed for this long and this many attempts is disabled; false: never. Null: the tenant’s, else the installation’s. */
  autoDisable?: ({ after: string; attempts: number } | false) | null;
  /** False disables: events are recorded as skipped. */
  active?: boolean;
  description?: string | null;
  /** How events are written: our own envelope, or CloudEvents 1.0 (JSON format, or binary content mode). */
  format?: PayloadFormat;
  /** Custom headers of every request, all of them; their values are never shown again. Null: none. */
  headers?: Record<string, string> | null;
  /** How requests are authenticated, beside signatures; secrets are never shown again. The whole of it replaces what there was. Null: not at all. */
  authentication?:
    | (
        | { type: 'basic'; username: string; password: string; ca?: string }
        | { type: 'bearer'; token: string; ca?: string }
        | {
            type: 'oauth2';
            tokenUrl: string;
            clientId: string;
            clientSecret: string;
            scope?: string;
            audience?: string;
            clientAuthentication?: 'header' | 'body';
            ca?: string;
          }
        | { type: 'mtls'; certificate: string; privateKey: string; ca?: string }
        | { type: 'tls'; ca: string }
      )
    | null;
  /** Requests in flight at most, from all workers together. Null: a quarter of what each worker may have. */
  maxInFlight?: number | null;
  /** At most `max` attempts in any `perSeconds` seconds, from all workers together. Null: no limit. */
  rateLimit?: { max?: number; perSeconds?: number } | null;
  /** Deliveries of events with the same `orderingKey`, or with none, go one after the other: the next is sent when the one before is final. Holds for events dispatched from then on. */
  ordered?: boolean;
  /** How long deliveries are worth sending, for events that do not say so themselves: 100ms to 14d. Null: for ever. */
  expiresAfter?: string | null;
  /** Of the events of its types, those that meet this: conditions on `event`, `data` and `tags`. Null: all of them. */
  filter?: Record<string, unknown> | null;
  /** JSONata that makes what is sent in the place of an event: of its `id`, `event`, `timestamp` and `data`. Null: the event is sent. */
  transformation?: string | null;
  /** `at-most-once`: a request that may have reached the receiver is never sent again, whatever it came to. */
  guarantee?: Guarantee;
  /** https, and public. */
  url?: string;
  /** Event types, prefixes such as `order.*` (any depth below), or `*`. Duplicates are folded. */
  events?: string[];
};

export type WebhookBucketView = { at: string; attempts: number; failures: number };

export type WebhookDto = {
  /** Deadline of one attempt. */
  timeoutMs: number | null;
  /** Waits before each retry. */
  retrySchedule: string[] | null;
  /** Share of a wait that is random. */
  retryJitter: number | null;
  /** Longest wait before a retry. */
  maxRetryWaitMs: number | null;
  /** Answers that are tried again. */
  retryStatuses: string[] | null;
  /** When it is disabled for only failing; false: never. */
  autoDisable: ({ after?: string; attempts?: number } | false) | null;
  id: string;
  url: string;
  events: string[];
  active: boolean;
  /** `manual`; `gone`: the receiver answered 410; `failing`: it only failed for too long. */
  disabledReason: string | null;
  description: string | null;
  /** How events are written. */
  format: PayloadFormat;
  /** Names of the custom headers. Null: there are some, and no encryption key of this installation opens them. */
  headers: string[] | null;
  /** How requests are authenticated, without what is secret. `unreadable`: no encryption key of this installation opens it. Null: by signatures alone. */
  authentication?: {
    type: 'basic' | 'bearer' | 'oauth2' | 'mtls' | 'tls' | 'unreadable';
    /** Of `basic`. */
    username?: string;
    /** Of `oauth2`, as are `clientId`, `scope`, `audience`, `clientAuthentication`. */
    tokenUrl?: string;
    clientId?: string;
    scope?: string;
    audience?: string;
    clientAuthentication?: 'header' | 'body';
    /** Of `mtls`: whom the certificate names. */
    subject?: string;
    /** Of `mtls`: when the certificate ends. */
    expiresAt?: string;
    /** Whom the certificate of `ca` names, where there is one. */
    authority?: string;
  } | null;
  /** Requests in flight at most. Null: no limit of its own. */
  maxInFlight: number | null;
  /** How long deliveries are worth sending. Null: for ever. */
  expiresAfter: string | null;
  /** How often a request may be sent. */
  guarantee: Guarantee;
  /** Attempts in any so many seconds at most. Null: no limit. */
  rateLimit?: { max: number; perSeconds: number } | null;
  /** Whether deliveries with the same ordering key go one after the other. */
  ordered: boolean;
  /** Which events of its types it takes. Null: all of them. */
  filter: Record<string, unknown> | null;
  /** JSONata that makes what is sent in the place of an event. Null: the event is sent. */
  transformation: string | null;
  /** The live ones, newest first. */
  secrets: SigningSecretDto[];
  createdAt: string;
  updatedAt: string;
};

export type WebhookExplanation = {
  webhookId: string;
  /** `matched` and `disabled` (recorded as skipped) are what happened. Without a delivery, the webhook as it is now is asked: `filtered_out` by `failedClause`, `not_subscribed` to the type, `registered_later` than the event, `payload_erased` so that its filter cannot be asked; `matches_now`: it was another subscription then, or the event was narrowed to other webhooks. */
  verdict: WebhookVerdict;
  /** Of `filtered_out`. */
  failedClause: FailedClauseDto | null;
  /** Whether the webhook was changed after the event was stored. */
  changedSince: boolean;
  deliveryId: string | null;
  status: DeliveryStatus | null;
};

export type WebhookExplanations = {
  /** Newest webhooks first. */
  data: WebhookExplanation[];
  /** Gives the next page at `/api/events/{id}/webhooks`. */
  nextCursor: string | null;
};

export type WebhookListStatsView = {
  bucketSeconds: number;
  /** In the order asked for; without what is not the tenant’s. */
  data: WebhookTotalsView[];
};

export type WebhookStatsView = {
  /** Where the first bucket begins. */
  since: string;
  /** Where the last bucket ends, which may be yet to come. */
  until: string;
  bucketSeconds: number;
  totals: TotalsView;
  /** Every bucket of the period, in order, empty ones too. */
  buckets: StatsBucketView[];
  /** Of the webhook, whatever the period and the event. */
  backlog: BacklogView;
};

export type WebhookTotalsView = {
  webhookId: string;
  attempts: number;
  failures: number;
  /** The share of successes; null where there was no attempt. */
  successRate: number | null;
  buckets: WebhookBucketView[];
};

export type WebhookVerdict =
  'matched' | 'disabled' | 'filtered_out' | 'not_subscribed' | 'registered_later' | 'payload_erased' | 'matches_now';

/** Every route of the API, by method and path: what it takes, and what it answers. */
export interface Routes {
  /** Revoke an API key */
  'DELETE /api/api-keys/{id}': {
    path: {
      /** The key. */
      id: string;
    };
    answer: void;
  };
  /** Delete an event type */
  'DELETE /api/event-types/{name}': {
    path: {
      /** The event type. */
      name: string;
    };
    answer: void;
  };
  /** Erase the payload of an event */
  'DELETE /api/events/{id}/data': {
    path: {
      /** The event. */
      id: string;
    };
    answer: void;
  };
  /** End a portal session */
  'DELETE /api/portal-sessions/{id}': {
    path: {
      /** The session. */
      id: string;
    };
    answer: void;
  };
  /** Delete a source */
  'DELETE /api/sources/{name}': {
    path: {
      /** The source. */
      name: string;
    };
    answer: void;
  };
  /** Retire a secret now */
  'DELETE /api/sources/{name}/secrets/{secretId}': {
    path: {
      /** The source. */
      name: string;
      /** One of its live secrets. */
      secretId: string;
    };
    answer: void;
  };
  /** Delete a tenant and all that it has */
  'DELETE /api/tenants/{id}': {
    path: {
      /** The tenant. */
      id: string;
    };
    answer: void;
  };
  /** Delete a webhook */
  'DELETE /api/webhooks/{id}': {
    path: {
      /** The webhook. */
      id: string;
    };
    answer: void;
  };
  /** Retire a secret now */
  'DELETE /api/webhooks/{id}/secrets/{secretId}': {
    path: {
      /** The webhook. */
      id: string;
      /** One of its live secrets. */
      secretId: string;
    };
    answer: void;
  };
  /** List API keys, newest first */
  'GET /api/api-keys': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: ApiKeyDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One API key */
  'GET /api/api-keys/{id}': {
    path: {
      /** The key. */
      id: string;
    };
    answer: ApiKeyDto;
  };
  /** Who changed what through the API, newest first */
  'GET /api/audit-log': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** Changed at or after this moment. */
      since?: string;
      /** Changed before this moment. */
      until?: string;
      /** Who: `admin`, `key:<id>`, or the subject of a user. */
      actor?: string;
      /** What was done. */
      action?: string;
      /** The id or name of what it was done to. */
      resource?: string;
    };
    answer: {
      data: AuditEntryDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** The delivery log, newest first */
  'GET /api/deliveries': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** How it stands, or how it ended. */
      status?: DeliveryStatus;
      /** The webhook that it is for. */
      webhookId?: string;
      /** An event type, exactly. */
      event?: string;
      /** The last HTTP status answered. */
      httpStatus?: number;
      /** Created at or after. */
      since?: string;
      /** Created before. */
      until?: string;
    };
    answer: {
      data: DeliveryView[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One delivery with its attempts */
  'GET /api/deliveries/{id}': {
    path: {
      /** The delivery. */
      id: string;
    };
    answer: DeliveryDetailView;
  };
  /** The attempts of a delivery, newest first */
  'GET /api/deliveries/{id}/attempts': {
    path: {
      /** The delivery. */
      id: string;
    };
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: AttemptView[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** Show how many secrets are under the first encryption key */
  'GET /api/encryption': { answer: SealedStateDto };
  /** List event types, newest first */
  'GET /api/event-types': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: EventTypeDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** The catalogue as OpenAPI 3.1 */
  'GET /api/event-types/openapi.json': { answer: Record<string, unknown> };
  /** One event type */
  'GET /api/event-types/{name}': {
    path: {
      /** The event type. */
      name: string;
    };
    answer: EventTypeDto;
  };
  /** Events sent, newest first */
  'GET /api/events': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** An event type, exactly. */
      event?: string;
      /** Dispatched at or after. */
      since?: string;
      /** Dispatched before. */
      until?: string;
    };
    answer: {
      data: EventView[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One event, and to whom it was sent */
  'GET /api/events/{id}': {
    path: {
      /** The event. */
      id: string;
    };
    answer: EventDetailView;
  };
  /** The deliveries of an event, newest first */
  'GET /api/events/{id}/deliveries': {
    path: {
      /** The event. */
      id: string;
    };
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: DeliveryView[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** Why each webhook got an event, or why not */
  'GET /api/events/{id}/webhooks': {
    path: {
      /** The event. */
      id: string;
    };
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: WebhookExplanation[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** Who asks */
  'GET /api/me': { answer: MeDto };
  /** Show how the queues stand */
  'GET /api/queues': { answer: QueuesDto };
  /** List what came in, newest first */
  'GET /api/received-events': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** The name of a source, exactly. */
      source?: string;
      /** What became of it. */
      status?: ReceivedEventStatus;
      /** Received at or after. */
      since?: string;
      /** Received before. */
      until?: string;
    };
    answer: {
      data: ReceivedEventDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One received event with its body and its handler runs */
  'GET /api/received-events/{id}': {
    path: {
      /** The received event. */
      id: string;
    };
    answer: ReceivedEventDetailDto;
  };
  /** How far a replay is */
  'GET /api/replays/{id}': {
    path: {
      /** The replay. */
      id: string;
    };
    answer: ReplayView;
  };
  /** List sources, newest first */
  'GET /api/sources': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: SourceDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One source */
  'GET /api/sources/{name}': {
    path: {
      /** The source. */
      name: string;
    };
    answer: SourceDto;
  };
  /** Why requests to a source were refused */
  'GET /api/sources/{name}/rejections': {
    path: {
      /** The source. */
      name: string;
    };
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** Why. */
      reason?: RejectionReason;
      /** Turned away at or after; whole hours count. */
      since?: string;
      /** Turned away before; whole hours count. */
      until?: string;
    };
    answer: {
      data: RejectionDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** What attempts came to, over time, and what waits */
  'GET /api/stats': {
    query?: {
      /** From here on; 24 hours before `until` without it. Moved back to where its bucket begins. */
      since?: string;
      /** Up to here; now without it. Moved on to where its bucket ends. */
      until?: string;
      /** `auto`: as fine as gives a chart of a moderate width. `minute`: of the last two days only. */
      bucket?: StatsBucket;
      /** An event type, exactly. */
      event?: string;
      /** A webhook; a deleted one too. */
      webhookId?: string;
    };
    answer: StatsView;
  };
  /** Small charts of several webhooks */
  'GET /api/stats/webhooks': {
    query: {
      /** From here on; 24 hours before `until` without it. Moved back to where its bucket begins. */
      since?: string;
      /** Up to here; now without it. Moved on to where its bucket ends. */
      until?: string;
      /** `auto`: as fine as gives a chart of a moderate width. `minute`: of the last two days only. */
      bucket?: StatsBucket;
      /** Ids of webhooks, by comma; at most 250. */
      webhookIds: string;
    };
    answer: WebhookListStatsView;
  };
  /** Show how much of the log is kept */
  'GET /api/storage': { answer: StorageDto };
  /** List tenants, newest first */
  'GET /api/tenants': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: TenantDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One tenant */
  'GET /api/tenants/{id}': {
    path: {
      /** The tenant. */
      id: string;
    };
    answer: TenantDto;
  };
  /** List webhooks, newest first */
  'GET /api/webhooks': {
    query?: {
      /** How many a page has at most. */
      limit?: number;
      /** `nextCursor` of the page before. */
      cursor?: string;
    };
    answer: {
      data: WebhookDto[];
      /** Null on the last page; a page may be short before it. */
      nextCursor: string | null;
    };
  };
  /** One webhook */
  'GET /api/webhooks/{id}': {
    path: {
      /** The webhook. */
      id: string;
    };
    answer: WebhookDto;
  };
  /** What attempts for a webhook came to, over time, and what waits for it */
  'GET /api/webhooks/{id}/stats': {
    path: {
      /** The webhook. */
      id: string;
    };
    query?: {
      /** From here on; 24 hours before `until` without it. Moved back to where its bucket begins. */
      since?: string;
      /** Up to here; now without it. Moved on to where its bucket ends. */
      until?: string;
      /** `auto`: as fine as gives a chart of a moderate width. `minute`: of the last two days only. */
      bucket?: StatsBucket;
      /** An event type, exactly. */
      event?: string;
    };
    answer: WebhookStatsView;
  };
  /** Change an event type */
  'PATCH /api/event-types/{name}': {
    path: {
      /** The event type. */
      name: string;
    };
    body?: UpdateEventTypeDto;
    answer: EventTypeDto;
  };
  /** Change a source */
  'PATCH /api/sources/{name}': {
    path: {
      /** The source. */
      name: string;
    };
    body?: UpdateSourceDto;
    answer: SourceDto;
  };
  /** Change a tenant */
  'PATCH /api/tenants/{id}': {
    path: {
      /** The tenant. */
      id: string;
    };
    body?: UpdateTenantDto;
    answer: TenantDto;
  };
  /** Change a webhook */
  'PATCH /api/webhooks/{id}': {
    path: {
      /** The webhook. */
      id: string;
    };
    body?: UpdateWebhookDto;
    answer: WebhookDto;
  };
  /** Make an API key */
  'POST /api/api-keys': { body: CreateApiKeyDto; answer: CreatedApiKeyDto };
  /** Try a delivery again now */
  'POST /api/deliveries/{id}/retry': {
    path: {
      /** The delivery. */
      id: string;
    };
    answer: DeliveryView;
  };
  /** Seal every secret under the first encryption key */
  'POST /api/encryption/re-encrypt': { body?: EmptyBody; answer: ReEncryptedDto };
  /** Add an event type to the catalogue */
  'POST /api/event-types': { body: CreateEventTypeDto; answer: EventTypeDto };
  /** Import the webhooks of an OpenAPI document */
  'POST /api/event-types/import': { body: ImportEventTypesDto; answer: ImportedEventTypesDto };
  /** Send an event */
  'POST /api/events': { body: EventDto; answer: DispatchView };
  /** Send up to 1,000 events */
  'POST /api/events/batch': { body: EventBatchDto; answer: { results: (DispatchView | BatchRefusalView)[] } };
  /** Make a link to the dashboard for a customer */
  'POST /api/portal-sessions': { body?: CreatePortalSessionDto; answer: CreatedPortalSessionDto };
  /** Run handlers of many received events again */
  'POST /api/received-events/replay': { body: BulkReplayDto; answer: ReplayedDto };
  /** Run handlers of a received event again */
  'POST /api/received-events/{id}/replay': {
    path: {
      /** The received event. */
      id: string;
    };
    body?: ReplayReceivedEventDto;
    answer: ReplayedDto;
  };
  /** Make a source */
  'POST /api/sources': { body: CreateSourceDto; answer: SourceDto };
  /** Add a secret */
  'POST /api/sources/{name}/secrets': {
    path: {
      /** The source. */
      name: string;
    };
    body: AddSourceSecretDto;
    answer: SecretDto;
  };
  /** Make a tenant */
  'POST /api/tenants': { body: CreateTenantDto; answer: TenantDto };
  /** Register a webhook */
  'POST /api/webhooks': { body: CreateWebhookDto; answer: CreatedWebhookDto };
  /** Disable a webhook */
  'POST /api/webhooks/{id}/disable': {
    path: {
      /** The webhook. */
      id: string;
    };
    body?: EmptyBody;
    answer: WebhookDto;
  };
  /** Enable a webhook */
  'POST /api/webhooks/{id}/enable': {
    path: {
      /** The webhook. */
      id: string;
    };
    body?: EmptyBody;
    answer: WebhookDto;
  };
  /** Send deliveries of a webhook again */
  'POST /api/webhooks/{id}/replay': {
    path: {
      /** The webhook. */
      id: string;
    };
    body: ReplayRequestDto;
    answer: ReplayAcceptedView;
  };
  /** Rotate the signing secret */
  'POST /api/webhooks/{id}/secrets': {
    path: {
      /** The webhook. */
      id: string;
    };
    body?: RotateSecretDto;
    answer: CreatedSecretDto;
  };
  /** Send a test event to a webhook */
  'POST /api/webhooks/{id}/test': {
    path: {
      /** The webhook. */
      id: string;
    };
    body?: TestEventDto;
    answer: DispatchView;
  };
  /** Ask whether a webhook would get an event */
  'POST /api/webhooks/{id}/test-filter': {
    path: {
      /** The webhook. */
      id: string;
    };
    body: TestFilterDto;
    answer: FilterVerdictDto;
  };
  /** See what a webhook would be sent */
  'POST /api/webhooks/{id}/test-transformation': {
    path: {
      /** The webhook. */
      id: string;
    };
    body: TestTransformationDto;
    answer: TransformedDto;
  };
}
