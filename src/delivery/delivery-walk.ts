// Which index answers a question to the delivery log. The order of the choices is that of how few rows each leaves:
// what PostgreSQL would choose depends on statistics that it may not have, and a wrong choice reads millions of rows.
import { alongIndex, within } from '../platform/database/index.js';
import type { Bounds, Parameters, Tables, Walk } from '../platform/database/index.js';
import { DELIVERY_STATUSES } from './delivery-status.js';
import type { DeliveryStatus } from './delivery-status.js';

/** What a page of the log is limited to, besides its tenant. */
export interface DeliveryCondition {
  readonly status?: DeliveryStatus;
  /** With the status `retrying`: what is to be delivered later, which waits there and is `pending` to those who look. */
  readonly isScheduled?: true;
  readonly webhookId?: string;
  readonly event?: string;
  readonly httpStatus?: number;
}

/** Statuses of index delivery_status: all but the one that has an index of its own, and the one that most have in the end. */
const INDEXED: ReadonlySet<DeliveryStatus> = new Set(
  DELIVERY_STATUSES.filter((status) => status !== 'sending' && status !== 'success'),
);

/** From this on, the last HTTP status is in index delivery_http_status. */
const FIRST_UNWANTED_STATUS = 300;

type Name = 'tenant' | keyof DeliveryCondition;

/** The columns of indexes that answer a condition. */
const COLUMN_OF = {
  tenant: 'tenant_id',
  webhookId: 'webhook_id',
  status: 'status',
  httpStatus: 'last_http_status',
} satisfies Partial<Record<Name, string>>;

export function walkOf(
  t: Tables,
  tenantId: string,
  condition: DeliveryCondition,
  bounds: Bounds,
  parameters: Parameters,
): Walk {
  const { status, isScheduled, webhookId, event, httpStatus } = condition;
  const bound = (value: unknown): string | undefined => (value === undefined ? undefined : parameters.bind(value));
  const tenant = parameters.bind(tenantId);
  const values = { tenant, webhookId: bound(webhookId), status: bound(status), httpStatus: bound(httpStatus) };
  const all: Partial<Record<Name, string>> = { tenant: `d.tenant_id = ${tenant}` };
  if (status) all.status = `d.status = ${values.status}`;
  if (status === 'retrying') all.isScheduled = `d.attempt_count ${isScheduled ? '=' : '>'} 0`;
  // PostgreSQL answers EXISTS first: another tenant's webhook is walked for nobody, so not even its size shows.
  const owned = `EXISTS (SELECT FROM ${t.webhook} WHERE tenant_id = ${tenant} AND id = ${values.webhookId})`;
  if (webhookId) all.webhookId = `d.webhook_id = ${values.webhookId} AND ${owned}`;
  if (event) all.event = `d.event_type = ${parameters.bind(event)}`;
  if (httpStatus) all.httpStatus = `d.last_http_status = ${values.httpStatus}`;

  // The tenant is always answered: by the index, or by the webhook being its own.
  const filtersBeyond = (...indexed: Name[]): string[] =>
    (Object.keys(all) as Name[])
      .filter((name) => name !== 'tenant' && !indexed.includes(name))
      .flatMap((name) => all[name] ?? []);
  // The index is not PostgreSQL's choice: it might walk all rows by their ids, past whatever another tenant sent since.
  const along = (indexed: readonly (keyof typeof COLUMN_OF)[], ...also: readonly string[]): Walk => {
    const keys = Object.fromEntries(indexed.map((name) => [COLUMN_OF[name], values[name] as string]));
    const { where, order } = alongIndex(keys, bounds, parameters);
    return {
      from: `${t.delivery} d`,
      where: [...where, ...also, ...within('d.id', bounds, parameters)],
      order,
      filters: filtersBeyond(...indexed),
    };
  };

  // delivery_sending: no more rows than all workers have in flight, so all are read. OFFSET 0 keeps PostgreSQL from
  // walking the tenant's rows instead, nearly none of which is being sent.
  if (status === 'sending') {
    const sending = [`x.status = 'sending'`, ...within('x.id', bounds, parameters)];
    const from = `(SELECT * FROM ${t.delivery} x WHERE ${sending.join(' AND ')} OFFSET 0) d`;
    return { from, where: Object.values(all), filters: [] };
  }
  // delivery_pending, which is smaller than any other index of the webhook, and whose ids ascend where its webhooks descend.
  if (status === 'pending' && webhookId)
    return {
      from: `${t.delivery} d`,
      where: [all.webhookId as string, all.status as string, ...within('d.id', bounds, parameters)],
      filters: filtersBeyond('webhookId', 'status'),
    };
  // These two also ask by `=`, which tells PostgreSQL that all such rows are in the index.
  if (httpStatus && httpStatus >= FIRST_UNWANTED_STATUS)
    return along(['tenant', 'httpStatus'], all.httpStatus as string);
  if (status && INDEXED.has(status)) return along(['tenant', 'status'], all.status as string);
  if (webhookId) return along(['webhookId'], owned);
  return along(['tenant']);
}
