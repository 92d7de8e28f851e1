// What a test asks of the delivery log: whether anything is still to be done, and what was delivered.
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../platform/database/index.js';
import { eventually } from './eventually.js';

/** An event that arrived at a webhook. */
export interface DeliveredEvent {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
  readonly webhookId: string;
  readonly url: string;
  readonly attemptCount: number;
}

interface DeliveryRow {
  delivery_id: string;
  event_id: string;
  event: string;
  data: Buffer | null;
  webhook_id: string;
  url: string;
  status: string;
  reason: string | null;
  attempt_count: number;
  last_http_status: number | null;
}

/** What is due later than this is not of this test. */
const SOON = `now() + interval '5 s'`;

/** A test that sent more than this has other means. */
const MOST = 1_000;

export class ExpectedDeliveries {
  constructor(private readonly database: Database) {}

  /** @throws Error that says what is left to do once the time is over. */
  async drain(within: number): Promise<void> {
    let left: readonly string[] = [];
    await eventually(
      async () => {
        left = await this.unfinished();
        return left.length === 0;
      },
      'everything that is due is done',
      { within },
    ).catch((error: unknown) => {
      throw new Error(`After ${within} ms this is left to do: ${left.join(', ')}.`, { cause: error });
    });
  }

  /** @throws Error unless there are as many as are asked for. */
  async expect(tenant: string, event: string, data: object, times?: number): Promise<readonly DeliveredEvent[]> {
    const rows = await this.findAll(tenant);
    const delivered = rows
      .filter((row) => row.status === 'success' && row.event === event && holds(dataOf(row), data))
      .map(deliveredOf);
    if (times === undefined ? delivered.length > 0 : delivered.length === times) return delivered;
    const asked = `${times === undefined ? 'a delivery' : `${times} deliveries`} of ${event} with ${JSON.stringify(data)}`;
    const found = rows.map((row) => `\n  ${described(row)}`).join('') || ' nothing';
    throw new Error(`Expected ${asked}, and found ${delivered.length}. What there is:${found}`);
  }

  private async unfinished(): Promise<string[]> {
    const { delivery, handler_run: run } = this.database.tables;
    const rows = await this.database.query<{ left_over: string }>({
      text: `SELECT event_type || ' is ' || status AS left_over FROM ${delivery}
             WHERE status IN ('pending', 'sending') OR (status = 'retrying' AND due_at <= ${SOON})
             UNION ALL
             SELECT handler || ' is ' || status FROM ${run}
             WHERE status IN ('pending', 'running') OR (status = 'failed' AND due_at <= ${SOON})
             LIMIT 10`,
    });
    return rows.map((row) => row.left_over);
  }

  private findAll(tenant: string): Promise<DeliveryRow[]> {
    const { delivery, event, webhook } = this.database.tables;
    return this.database.query<DeliveryRow>(
      {
        text: `SELECT d.id AS delivery_id, d.event_id, d.event_type AS event, e.data, d.webhook_id, w.url, d.status, d.reason,
                      d.attempt_count, d.last_http_status
               FROM ${delivery} d JOIN ${event} e ON e.id = d.event_id JOIN ${webhook} w ON w.id = d.webhook_id
               WHERE d.tenant_id = $1 ORDER BY d.id DESC LIMIT ${MOST}`,
      },
      [tenant],
    );
  }
}

const dataOf = ({ data }: DeliveryRow): Record<string, unknown> =>
  data ? (JSON.parse(data.toString()) as Record<string, unknown>) : {};

const deliveredOf = (row: DeliveryRow): DeliveredEvent => ({
  deliveryId: row.delivery_id,
  eventId: row.event_id,
  event: row.event,
  data: dataOf(row),
  webhookId: row.webhook_id,
  url: row.url,
  attemptCount: row.attempt_count,
});

const described = (row: DeliveryRow): string => {
  const why = [row.reason, row.last_http_status].filter((part) => part !== null).join(', ');
  return `${row.event} ${JSON.stringify(dataOf(row))} to ${row.url}: ${row.status}${why && ` (${why})`}`;
};

/** Objects may hold more than is expected; lists and values are the same. */
function holds(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected))
    return isDeepStrictEqual(actual, expected);
  if (typeof actual !== 'object' || actual === null) return false;
  const of = actual as Record<string, unknown>;
  return Object.entries(expected).every(([name, value]) => holds(of[name], value));
}
