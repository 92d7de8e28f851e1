// What old rows are still needed for. Pure: table names in, SQL conditions out. Children go before their parents, so that
// whatever is left is complete: deliveries first, then their attempts and events; handler runs, then received events.
import type { PARTITIONED } from './partitions.js';
import type { Tables } from './schema.js';

/** When a table's old rows may go. */
export interface RetentionRule {
  readonly table: (typeof PARTITIONED)[number]['table'];
  readonly key: string;
  /** A query that finds a row if something still needs the rows from id `low` to below `high`. */
  readonly rangeHeld: (low: string, high: string) => string;
  /** The same of one row `r` of the default partition, as a condition. */
  readonly rowHeld: string;
}

/** A delivery that may still be sent. Each status has a partial index, found only by its own condition. */
const WAITING = ['pending', 'sending', 'retrying'].map((status) => `d.status = '${status}'`);

/** In the order in which they must be applied. */
export const retentionRules = (t: Tables): readonly RetentionRule[] => {
  const within = (column: string, low: string, high: string): string =>
    `${column} >= '${low}' AND ${column} < '${high}'`;
  const deliveries = (low: string, high: string): string =>
    `SELECT FROM ${t.delivery} d WHERE ${within('d.id', low, high)}`;
  const waitingReplays = `SELECT FROM ${t.delivery} d WHERE d.replay_of IS NOT NULL AND (${WAITING.join(' OR ')})`;
  return [
    {
      table: 'delivery',
      key: 'id',
      // Retry-After, a pause or a schedule of its own may keep a delivery waiting beyond the retention.
      rangeHeld: (low, high) => WAITING.map((waiting) => `${deliveries(low, high)} AND ${waiting}`).join(' UNION ALL '),
      rowHeld: `r.status IN ('pending', 'sending', 'retrying')`,
    },
    {
      table: 'delivery_attempt',
      key: 'delivery_id',
      rangeHeld: deliveries,
      rowHeld: `EXISTS (SELECT FROM ${t.delivery} d WHERE d.id = r.delivery_id)`,
    },
    {
      table: 'event',
      key: 'id',
      // A delivery of the event's dispatch shares the first 18 characters of its id; a replay may be far younger.
      rangeHeld: (low, high) =>
        `${deliveries(low, high)} UNION ALL ${waitingReplays} AND ${within('d.event_id', low, high)}`,
      rowHeld: `EXISTS (SELECT FROM ${t.delivery} d WHERE d.event_id = r.id
                          AND d.id >= (left(r.id::text, 18) || '-0000-000000000000')::uuid
                          AND d.id <= (left(r.id::text, 18) || '-ffff-ffffffffffff')::uuid)
                OR EXISTS (${waitingReplays} AND d.event_id = r.id)`,
    },
    {
      table: 'handler_run',
      key: 'received_event_id',
      rangeHeld: (low, high) => `SELECT FROM ${t.handler_run} h WHERE ${within('h.received_event_id', low, high)}
                                   AND h.status <> 'succeeded' AND h.due_at IS NOT NULL`,
      rowHeld: `r.status <> 'succeeded' AND r.due_at IS NOT NULL`,
    },
    {
      table: 'received_event',
      key: 'id',
      rangeHeld: (low, high) => `SELECT FROM ${t.handler_run} h WHERE ${within('h.received_event_id', low, high)}`,
      rowHeld: `EXISTS (SELECT FROM ${t.handler_run} h WHERE h.received_event_id = r.id)`,
    },
  ];
};
