// The record of who changed what: one row per change, written in the transaction that makes it, so that neither exists
// without the other. Rows are added and, when they are old, deleted; never changed.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lowestIdAt, newId } from '../../kernel/ids.js';
import { Database, executorOf, TenantDatabase } from '../database/index.js';
import type { SqlExecutor, Statement } from '../database/index.js';
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

@Injectable()
export class AuditLog {
  private readonly insert: Statement;
  private readonly page: Statement;
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
    this.page = {
      // Locks nothing. Index audit_log_resource with a resource, else audit_log_tenant; the other filters are applied to what
      // that finds: a tenant's changes are few beside its deliveries.
      text: `SELECT id, actor, action, resource, changes, request_id AS "requestId", address FROM ${log}
             WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id >= $2) AND ($3::uuid IS NULL OR id < $3)
               AND ($4::uuid IS NULL OR id < $4) AND ($5::text IS NULL OR actor = $5)
               AND ($6::text IS NULL OR action = $6) AND ($7::text IS NULL OR resource = $7)
             ORDER BY id DESC LIMIT $8`,
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

  /** Newest first. */
  findPage(tenantId: string, filter: AuditFilter, limit: number): Promise<AuditEntry[]> {
    const { since, until, beforeId, actor, action, resource } = filter;
    const bound = (moment: Date | undefined): string | null => (moment ? lowestIdAt(moment.getTime()) : null);
    return this.tenants
      .of(tenantId)
      .query<AuditEntry>(this.page, [
        tenantId,
        bound(since),
        bound(until),
        beforeId ?? null,
        actor ?? null,
        action ?? null,
        resource ?? null,
        limit,
      ]);
  }

  /** Deletes entries made before a moment, `limit` at most; returns how many. */
  async deleteBefore(epochMs: number, limit: number): Promise<number> {
    return (await this.database.query(this.expire, [lowestIdAt(epochMs), limit])).length;
  }
}
