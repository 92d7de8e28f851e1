// Every setting, declared once: environment name, kind, default, what it means and whether it is a secret. The module
// options, the environment reader, `.env.example` and docs/configuration.md all derive from this table.
import * as kinds from './kinds.js';
import type { DurationKind, Kind } from './kinds.js';

/** One setting. */
export interface Setting<Input, Value> {
  readonly env: string;
  readonly kind: Kind<Input, Value>;
  /** Written as in the environment; absent: the setting is optional. */
  readonly default?: string;
  readonly doc: string;
  readonly secret?: true;
}

const required = <Input, Value>(
  env: string,
  kind: Kind<Input, Value>,
  fallback: string,
  doc: string,
): { env: string; kind: Kind<Input, Value>; default: string; doc: string } => ({ env, kind, default: fallback, doc });

const requiredDuration = (
  env: string,
  kind: DurationKind,
  fallback: string,
  doc: string,
): { env: string; kind: DurationKind; default: string; doc: string } => ({ env, kind, default: fallback, doc });

const optionalDuration = (
  env: string,
  kind: DurationKind,
  doc: string,
): { env: string; kind: DurationKind; doc: string } => ({ env, kind, doc });

const optional = <Input, Value>(
  env: string,
  kind: Kind<Input, Value>,
  doc: string,
): { env: string; kind: Kind<Input, Value>; doc: string } => ({
  env,
  kind,
  doc,
});

const secret = <Declared extends object>(declared: Declared): Declared & { secret: true } => ({
  ...declared,
  secret: true,
});

/** The settings table. */
export const SETTINGS = {
  databaseUrl: secret(
    optional(
      'DATABASE_URL',
      kinds.url('postgres:', 'postgresql:'),
      'PostgreSQL to use. Absent: the server runs its own, embedded, under DATA_DIR.',
    ),
  ),
  databaseSchema: required('DATABASE_SCHEMA', kinds.text, 'posthorn', 'PostgreSQL schema that holds all our tables.'),
  databasePool: required(
    'DATABASE_POOL',
    kinds.integer(4, 500),
    '20',
    'Most connections to PostgreSQL for the work of this process; API requests have half as many more, and no tenant more than half of what the others leave.',
  ),
  queryTimeout: requiredDuration(
    'QUERY_TIMEOUT',
    kinds.duration('1s', '10m'),
    '30s',
    'How long PostgreSQL may work on one statement of an API request; then the request is answered 503.',
  ),
  rowLevelSecurity: required(
    'ROW_LEVEL_SECURITY',
    kinds.oneOf('auto', 'on', 'off'),
    'auto',
    'Whether PostgreSQL itself shows API requests their own tenant alone: auto where the login may set that up, on refuses to start where not.',
  ),
  redisUrl: secret(
    optional(
      'REDIS_URL',
      kinds.url('redis:', 'rediss:'),
      'Redis for the retry timers (BullMQ), and for limits of requests. Absent: BullMQ runs on PostgreSQL, and each process limits by itself.',
    ),
  ),
  dataDir: required('DATA_DIR', kinds.text, './data', 'Where the embedded PostgreSQL and generated keys live.'),
  host: required(
    'HOST',
    kinds.text,
    '127.0.0.1',
    'Address to listen on. Use 0.0.0.0 to be reached from other machines.',
  ),
  port: required('PORT', kinds.integer(0, 65_535), '3000', 'Port to listen on; 0 takes a free one.'),
  publicUrl: optional(
    'PUBLIC_URL',
    kinds.url('http:', 'https:'),
    'How senders reach this server: the URL that some providers sign.',
  ),
  trustProxy: required(
    'TRUST_PROXY',
    kinds.flag,
    'false',
    'Whether X-Forwarded-* headers of a proxy in front are believed.',
  ),
  role: required(
    'ROLE',
    kinds.oneOf('all', 'api', 'worker'),
    'all',
    'Which part of the work this process does: api answers HTTP, worker delivers. Other than all needs DATABASE_URL.',
  ),
  encryptionKey: secret(
    optional(
      'ENCRYPTION_KEY',
      kinds.encryptionKeys,
      'Keys that encrypt stored secrets: base64 of 32 bytes, comma-separated; the first encrypts, all decrypt. Absent: made once, kept in DATA_DIR. Required with DATABASE_URL.',
    ),
  ),
  adminApiKey: secret(
    optional(
      'ADMIN_API_KEY',
      kinds.secretText(20),
      'The key of the administrator, at least 20 characters. Absent: made at the first start, kept in DATA_DIR, printed once.',
    ),
  ),
  maxAuthFailures: required(
    'MAX_AUTH_FAILURES',
    kinds.integer(0, 100_000),
    '30',
    'Requests with a wrong API key that one address may make in a minute, of each process; then it is answered 429. 0: as many as it likes.',
  ),
  maxRequestsPerCaller: required(
    'MAX_REQUESTS_PER_CALLER',
    kinds.integer(0, 10_000_000),
    '0',
    'Requests to the API that one API key or user may make in a minute, over all processes with REDIS_URL, of each without; then it is answered 429. 0: as many as it likes.',
  ),
  maxRequestsPerTenant: required(
    'MAX_REQUESTS_PER_TENANT',
    kinds.integer(0, 10_000_000),
    '0',
    'The same of all callers of a tenant together.',
  ),
  retrySchedule: required(
    'RETRY_SCHEDULE',
    kinds.retrySchedule,
    '1s,5s,30s',
    'Waits before each retry of a delivery, or a name: default, standard.',
  ),
  retryJitter: required(
    'RETRY_JITTER',
    kinds.share,
    '0.2',
    'Share by which a wait is stretched or shrunk at random, so that not everybody is tried again at once.',
  ),
  maxRetryWait: optionalDuration(
    'MAX_RETRY_WAIT',
    kinds.duration('100ms', '7d'),
    'Longest wait before a retry, by the schedule and by Retry-After alike. Absent: the schedule as written, and Retry-After up to a day.',
  ),
  retryStatuses: required(
    'RETRY_STATUSES',
    kinds.retriedStatuses,
    'default',
    'Answers that are tried again; all others but 2xx are final. default is 3xx,408,425,429,500-999. 410 is listed by itself alone.',
  ),
  deliveryTimeout: requiredDuration(
    'DELIVERY_TIMEOUT',
    kinds.duration('100ms', '120s'),
    '10s',
    'Deadline of one attempt, over connecting, headers and body.',
  ),
  deliveryConcurrency: required(
    'DELIVERY_CONCURRENCY',
    kinds.integer(1, 2_000),
    '256',
    'Most requests in flight from this process.',
  ),
  maxWebhooks: required(
    'MAX_WEBHOOKS',
    kinds.integer(0, 1_000_000),
    '10000',
    'Most webhooks of a tenant; maxWebhooks of a tenant says otherwise.',
  ),
  maxSources: required(
    'MAX_SOURCES',
    kinds.integer(0, 1_000_000),
    '1000',
    'Most sources of a tenant; maxSources of a tenant says otherwise.',
  ),
  unknownEventTypes: required(
    'UNKNOWN_EVENT_TYPES',
    kinds.oneOf('allow', 'warn', 'refuse'),
    'allow',
    'Whether events may be sent whose type is not in the catalogue of their tenant; warn says so in the log.',
  ),
  maxEventSize: required(
    'MAX_EVENT_SIZE',
    kinds.integer(1_024, 10_485_760),
    '262144',
    'Largest data of one event, in bytes of its JSON (256 KiB).',
  ),
  idempotencyWindow: requiredDuration(
    'IDEMPOTENCY_WINDOW',
    kinds.duration('1m', '30d'),
    '24h',
    'How long a repeated key or a repeated received event is recognised.',
  ),
  retention: requiredDuration(
    'RETENTION',
    kinds.duration('1d', '3650d'),
    '30d',
    'How long events, deliveries and received events are kept. Must exceed the longest retry schedule.',
  ),
  auditRetention: requiredDuration(
    'AUDIT_RETENTION',
    kinds.duration('1d', '3650d'),
    '365d',
    'How long the audit log keeps who changed what.',
  ),
  statsRetention: requiredDuration(
    'STATS_RETENTION',
    kinds.duration('3d', '3650d'),
    '365d',
    'How long the statistics of attempts are kept by the hour; by the minute they are kept for two days.',
  ),
  autoDisable: required(
    'AUTO_DISABLE',
    kinds.autoDisable,
    '5d,20',
    'Disables a webhook that has only failed for this long and this many attempts; off never does.',
  ),
  circuitAfter: required(
    'CIRCUIT_AFTER',
    kinds.integer(0, 100_000),
    '20',
    'After so many failures in a row, the last of them no answer of 3xx or 4xx, a webhook pauses, longer each time; 0 never pauses.',
  ),
  allowHttp: required('ALLOW_HTTP', kinds.flag, 'false', 'Whether webhooks may use http URLs.'),
  allowNetworks: required(
    'ALLOW_NETWORKS',
    kinds.networks,
    '',
    'Private networks (CIDR) that webhooks may reach, such as 10.1.0.0/16.',
  ),
  ownershipChallenge: required(
    'OWNERSHIP_CHALLENGE',
    kinds.flag,
    'false',
    'Whether a URL must answer a challenge before a webhook may have it.',
  ),
  egressProxy: secret(
    optional(
      'EGRESS_PROXY',
      kinds.proxyUrl,
      'A proxy that all deliveries leave through: http or https (CONNECT), socks5 or socks5h, with user:password@ if it wants them.',
    ),
  ),
  alertUrl: secret(
    optional(
      'ALERT_URL',
      kinds.url('http:', 'https:'),
      'Where alerts are POSTed as JSON with a `text`, such as the incoming webhook of a chat: webhooks that fail, deliveries given up, sources gone silent.',
    ),
  ),
  frameAncestors: required(
    'FRAME_ANCESTORS',
    kinds.frameAncestors,
    'none',
    'Who may show the dashboard in a frame: your own sites, where they embed it.',
  ),
  shutdownTimeout: requiredDuration(
    'SHUTDOWN_TIMEOUT',
    kinds.duration('0s', '10m'),
    '15s',
    'How long a stopping process waits for requests and handlers that are under way, from the signal on.',
  ),
  metrics: required(
    'METRICS',
    kinds.flag,
    'true',
    'Whether anything is counted, and GET /metrics is there for the admin key.',
  ),
  metricsPublic: required('METRICS_PUBLIC', kinds.flag, 'false', 'Whether GET /metrics needs no key.'),
  otelExporterOtlpEndpoint: optional(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    kinds.url('http:', 'https:'),
    'Where the server sends its traces: a collector of OpenTelemetry that takes OTLP over HTTP, such as http://localhost:4318. Absent: none are made.',
  ),
  forwardTraceparent: required(
    'FORWARD_TRACEPARENT',
    kinds.flag,
    'false',
    'Whether requests to webhooks carry the traceparent of their attempt, for receivers that go on with the trace.',
  ),
  logLevel: required(
    'LOG_LEVEL',
    kinds.oneOf('error', 'warn', 'log', 'debug', 'verbose'),
    'log',
    'Least important messages that are logged.',
  ),
  stripeWebhookSecret: secret(
    optional(
      'STRIPE_WEBHOOK_SECRET',
      kinds.secretList,
      'Makes the source stripe of tenant default; several secrets are separated by commas. Re-read at each start.',
    ),
  ),
  sources: secret(
    optional(
      'SOURCES',
      kinds.sourceList,
      'Sources of tenant default, each with what POST /api/sources takes. Made, and kept in step, at each start.',
    ),
  ),
  githubWebhookSecret: secret(
    optional(
      'GITHUB_WEBHOOK_SECRET',
      kinds.secretList,
      'Makes the source github of tenant default; several secrets are separated by commas. Re-read at each start.',
    ),
  ),
} as const satisfies Record<string, Setting<never, unknown>>;
