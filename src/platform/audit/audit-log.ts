// The record of who changed what: one row per change, written in the transaction that makes it, so that neither exists
// without the other. Rows are added and, when they are old, deleted; never changed.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lowestIdAt, newId } from '../../kernel/ids.js';
import { alongIndex, boundsOf, Database, executorOf, Parameters, readPage, TenantDatabase } from '../database/index.js';
import type { LogPage, SqlExecutor, Statement } from '../database/index.js';
import type { Author } from './author.js';
import { differences } from './differences.js';
import type { ChangedField, Facts } from './differences.js';

/** One change. */
interface Change {
  /** What was done, as `noun.verb`: `webhook.updated`. */
  readonly action: string;
  /** The id or name of what it was done to. */
  readonly resource: string;
  readonly before?: Facts;
  readonly after?: Facts;
}

/** A change as it was recorded. */
export interface AuditEntry {
  readonly id: string;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly changes: readonly ChangedField[];
  readonly requestId: string;
  readonly address: string | null;
}

interface AuditFilter {
  readonly since?: Date;
  readonly until?: Date;
  readonly actor?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly beforeId?: string;
}

/** An entry, of a row `d`. */
const COLUMNS = 'd.id, d.actor, d.action, d.resource, d.changes, d.request_id AS "requestId", d.address';

@Injectable()
export class AuditLog {
  private readonly insert: Statement;
  private readonly expire: Statement;

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
  ) {
    const log = database.tables.audit_log;
    this.insert = {
      name: 'posthorn_audit_insert',
      text: `INSERT INTO ${log} (id, tenant_id, actor, action, resource, changes, request_id, address)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    };
    this.expire = {
      name: 'posthorn_audit_expire',
      // Locks the rows it deletes, in the order of their primary key; several processes share the work.
      text: `DELETE FROM ${log} WHERE id IN (
               SELECT id FROM ${log} WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`,
    };
  }

  /** Records a change in the transaction that makes it. Without an author nobody asked for it: nothing is recorded. */
  async record(executor: SqlExecutor, author: Author | undefined, change: Change): Promise<void> {
    if (!author) return;
    const { action, resource, before, after } = change;
    const changes = JSON.stringify(differences(before, after));
    const { tenantId, actor, requestId, address = null } = author;
    await executor.query(this.insert, [newId(), tenantId, actor, action, resource, changes, requestId, address]);
  }

  /** {@link record} in a TypeORM transaction. */
  async within(manager: EntityManager, author: Author | undefined, change: Change): Promise<void> {
    if (author) await this.record(await executorOf(manager), author, change);
  }

  /**
   * Newest first, at most `limit`; fewer where the page looked at as many as it may. Locks nothing. Index audit_log_resource
   * with a resource, else audit_log_tenant; the other filters are checked along it.
   */
  findPage(tenantId: string, filter: AuditFilter, limit: number): Promise<LogPage<AuditEntry>> {
    const { resource, actor, action } = filter;
    const parameters = new Parameters();
    const bounds = boundsOf(filter);
    const keys = { tenant_id: parameters.bind(tenantId), ...(resource && { resource: parameters.bind(resource) }) };
    const walk = {
      from: `${this.database.tables.audit_log} d`,
      ...alongIndex(keys, bounds, parameters),
      filters: [
        ...(actor === undefined ? [] : [`d.actor = ${parameters.bind(actor)}`]),
        ...(action === undefined ? [] : [`d.action = ${parameters.bind(action)}`]),
      ],
    };
    return readPage(this.tenants.of(tenantId), { walk, columns: COLUMNS, limit, parameters });
  }

  /** Deletes entries made before a moment, `limit` at most; returns how many. */
  async deleteBefore(epochMs: number, limit: number): Promise<number> {
    return (await this.database.query(this.expire, [lowestIdAt(epochMs), limit])).length;
  }
}
