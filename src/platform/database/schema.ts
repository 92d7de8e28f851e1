// The PostgreSQL schema is a setting, and callers may bring their own connection with any search_path: so every table
// in hand-written SQL is named in full, through `Tables`.
import type { DataSource } from 'typeorm';

/** Our tables. Only the module that owns a table writes it. */
const TABLES = [
  'tenant',
  'api_key',
  'portal_session',
  'webhook',
  'webhook_secret',
  'webhook_health',
  'webhook_pace',
  'source',
  'source_secret',
  'source_rejection',
  'source_watch',
  'source_rate',
  'event',
  'delivery',
  'delivery_attempt',
  'attempt_count',
  'attempt_minute',
  'attempt_hour',
  'live_entry',
  'live_follower',
  'replay',
  'received_event',
  'handler_run',
  'handler_lane',
  'received_key',
  'idempotency_key',
  'audit_log',
] as const;

/** Full names of our tables, ready to stand in SQL. */
export type Tables = Readonly<Record<(typeof TABLES)[number], string>>;

export const DEFAULT_SCHEMA = 'posthorn';

/** The quoted schema of a data source. */
export function schemaOf(dataSource: Pick<DataSource, 'options'>): string {
  const schema = 'schema' in dataSource.options ? dataSource.options.schema : undefined;
  return `"${schema ?? DEFAULT_SCHEMA}"`;
}

export const tablesOf = (dataSource: Pick<DataSource, 'options'>): Tables =>
  Object.fromEntries(TABLES.map((table) => [table, `${schemaOf(dataSource)}.${table}`])) as Tables;
