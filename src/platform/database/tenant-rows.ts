// Erases all rows of one tenant, a few at a time, from whatever tables there are: those with a column `tenant_id`, as the
// catalogue lists them, so that a table made tomorrow is not forgotten. What is being sent or handled is left until it ends.
import { Injectable } from '@nestjs/common';
import { Database } from './database.js';
import type { Tables } from './schema.js';

/** Rows deleted by one statement: each is a short transaction, so that nobody waits and a crash loses little. */
const BATCH = 1_000;

/** Rows that go before all others, together with the rows that belong to them and are found by them alone. */
interface Family {
  readonly table: 'delivery' | 'received_event';
  readonly children: 'delivery_attempt' | 'handler_run';
  readonly key: string;
  /** A condition on a row `r`: somebody works on it at this moment. */
  readonly held: string;
}

const familiesOf = (t: Tables): readonly Family[] => [
  {
    table: 'delivery',
    children: 'delivery_attempt',
    key: 'delivery_id',
    held: `r.status = 'sending' AND r.due_at > now()`,
  },
  {
    table: 'received_event',
    children: 'handler_run',
    key: 'received_event_id',
    held: `EXISTS (SELECT FROM ${t.handler_run} h
                   WHERE h.received_event_id = r.id AND h.status = 'running' AND h.due_at > now())`,
  },
];

/** `held`: some rows are still worked on; come again. */
type ErasureOutcome = 'erased' | 'held' | 'stopped';

@Injectable()
export class TenantRows {
  private readonly families: readonly Family[];

  constructor(private readonly database: Database) {
    this.families = familiesOf(database.tables);
  }

  /** One pass over everything. It may be cut off at any point, and run by several processes at once. */
  async erase(tenantId: string, isStopped: () => boolean): Promise<ErasureOutcome> {
    const everything = [
      ...this.families.map((family) => () => this.deleteFamily(family, tenantId)),
      ...(await this.tables()).map((table) => () => this.deleteRows(table, tenantId)),
    ];
    for (const [index, deleteSome] of everything.entries()) {
      // What others refer to goes once nothing is under way any more.
      if (index === this.families.length && (await this.isHeld(tenantId))) return 'held';
      while (!isStopped() && (await deleteSome()) > 0);
      if (isStopped()) return 'stopped';
    }
    return 'erased';
  }

  /**
   * Locks the parents it deletes, in the order of their ids, as settling does; what somebody else has locked is left for the
   * next batch. Index: `(tenant_id, id)` of the parent, then the children's primary key.
   */
  private async deleteFamily({ table, children, key, held }: Family, tenantId: string): Promise<number> {
    const { tables } = this.database;
    const deleted = await this.database.query(
      {
        text: `WITH chosen AS MATERIALIZED (
                 SELECT r.id FROM ${tables[table]} r WHERE r.tenant_id = $1 AND NOT (${held})
                 ORDER BY r.id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
               ), gone AS (DELETE FROM ${tables[children]} c USING chosen WHERE c.${key} = chosen.id)
               DELETE FROM ${tables[table]} r USING chosen WHERE r.id = chosen.id RETURNING r.id`,
      },
      [tenantId],
    );
    return deleted.length;
  }

  /** Locks the rows it deletes. Small tables, or ones that an index opens by tenant; of the children only strays are left. */
  private async deleteRows({ name, key }: TenantTable, tenantId: string): Promise<number> {
    const deleted = await this.database.query(
      {
        text: `DELETE FROM ${name} WHERE (${key}) IN (
                 SELECT ${key} FROM ${name} WHERE tenant_id = $1 LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING 1`,
      },
      [tenantId],
    );
    return deleted.length;
  }

  private async isHeld(tenantId: string): Promise<boolean> {
    const { tables } = this.database;
    const looks = this.families.map(({ table }) => `EXISTS (SELECT FROM ${tables[table]} WHERE tenant_id = $1)`);
    const [row] = await this.database.query<{ held: boolean }>({ text: `SELECT ${looks.join(' OR ')} AS held` }, [
      tenantId,
    ]);
    return row?.held ?? false;
  }

  /** Every table with the rows of tenants, partitions by their parent; those that refer to others come before them. */
  private async tables(): Promise<TenantTable[]> {
    const schema = this.database.tables.tenant.split('.')[0] as string;
    return this.database.query<TenantTable>(
      {
        text: `SELECT $1 || '.' || quote_ident(c.relname) AS name,
                      coalesce((SELECT string_agg(quote_ident(k.attname), ', ') FROM pg_index i
                       JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
                       WHERE i.indrelid = c.oid AND i.indisprimary), 'ctid') AS key
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
               WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
               ORDER BY (SELECT count(*) FROM pg_constraint f WHERE f.confrelid = c.oid), c.relname`,
      },
      [schema],
    );
  }
}

interface TenantTable {
  readonly name: string;
  /** The columns of its primary key; where it has none, the place of the row. */
  readonly key: string;
}
