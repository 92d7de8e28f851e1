// Remembers answers by key: the same request under the same key gets the first answer, however often and however
// concurrently it comes. The ledger row is written in the transaction of the work itself, so neither exists without the
// other. The guarantee is the primary key (tenant_id, scope, key).
import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ConflictError } from '../../kernel/errors.js';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { Database, executorOf, TenantDatabase } from '../database/index.js';
import type { SqlExecutor, Statement } from '../database/index.js';

/** What a remembered answer belongs to. */
export interface IdempotentRequest {
  readonly tenantId: string;
  /** What the key is unique within, such as a route. */
  readonly scope: string;
  readonly key: string;
  /**
   * Hashes of everything that decides the answer: the first is remembered, and a repeat that has the remembered one among
   * its own is the same request.
   */
  readonly hashes: readonly [Buffer, ...Buffer[]];
}

/** The hash of content that is no secret. */
export const hashOf = (content: string): Buffer => hash('sha256', content, 'buffer');

/** The key was used for another request. */
class IdempotencyMismatchError extends ConflictError {
  constructor() {
    super('idempotency_mismatch', 'This idempotency key was used for a different request.');
  }
}

/** The first request with this key has not been answered yet. */
class IdempotencyInProgressError extends ConflictError {
  constructor() {
    super('idempotency_in_progress', 'A request with this idempotency key is in progress; try again later.');
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

@Injectable()
export class IdempotencyLedger {
  private readonly take: Statement;
  private readonly find: Statement;
  private readonly answer: Statement;
  private readonly expire: Statement;

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {
    const ledger = database.tables.idempotency_key;
    // Waits for a concurrent transaction with the same key, and renews an entry past its window; a live one is left as it is.
    this.take = {
      name: 'posthorn_idempotency_take',
      text: `INSERT INTO ${ledger} AS k (tenant_id, scope, key, request_hash, answer, expires_at)
             VALUES ($1, $2, $3, $4, 'null', now() + $5 * interval '1 ms')
             ON CONFLICT (tenant_id, scope, key) DO UPDATE
               SET request_hash = excluded.request_hash, answer = excluded.answer, expires_at = excluded.expires_at
               WHERE k.expires_at <= now()
             RETURNING key`,
    };
    this.find = {
      name: 'posthorn_idempotency_find',
      text: `SELECT request_hash, answer FROM ${ledger} WHERE tenant_id = $1 AND scope = $2 AND key = $3 AND expires_at > now()`,
    };
    this.answer = {
      name: 'posthorn_idempotency_answer',
      text: `UPDATE ${ledger} SET answer = $4 WHERE tenant_id = $1 AND scope = $2 AND key = $3`,
    };
    this.expire = {
      name: 'posthorn_idempotency_expire',
      text: `DELETE FROM ${ledger} WHERE (tenant_id, scope, key) IN (
               SELECT tenant_id, scope, key FROM ${ledger} WHERE expires_at <= now() ORDER BY expires_at LIMIT $1
               FOR UPDATE SKIP LOCKED) RETURNING key`,
    };
  }

  /**
   * Does `work` once per key and remembers its answer; a repeated request gets that answer without any work. Everything
   * happens inside `executor`'s transaction and under a savepoint of it, so a refusal leaves the transaction usable.
   *
   * @throws IdempotencyMismatchError, IdempotencyInProgressError (after waiting for 5 s)
   */
  async once<Answer>(executor: SqlExecutor, request: IdempotentRequest, work: () => Promise<Answer>): Promise<Answer> {
    await executor.query({ text: 'SAVEPOINT posthorn_idempotency' });
    try {
      const answer = await this.underSavepoint(executor, request, work);
      await executor.query({ text: 'RELEASE SAVEPOINT posthorn_idempotency' });
      return answer;
    } catch (error) {
      await executor.query({ text: 'ROLLBACK TO SAVEPOINT posthorn_idempotency' }).catch(() => undefined);
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) throw new IdempotencyInProgressError();
      throw error;
    }
  }

  /** {@link once} in a transaction of the tenant's; without a request to remember, the transaction alone. */
  run<Answer>(
    tenantId: string,
    request: IdempotentRequest | undefined,
    work: (executor: SqlExecutor) => Promise<Answer>,
  ): Promise<Answer> {
    return this.tenants
      .of(tenantId)
      .transaction((executor) => (request ? this.once(executor, request, () => work(executor)) : work(executor)));
  }

  /** Remembers what was found out without a transaction, because nothing was changed; of two at once, the first answer stands. */
  remember<Answer>(tenantId: string, request: IdempotentRequest | undefined, answer: Answer): Promise<Answer> {
    return request ? this.run(tenantId, request, () => Promise.resolve(answer)) : Promise.resolve(answer);
  }

  /** {@link once} in a TypeORM transaction; without a request to remember, the work alone. */
  async within<Answer>(
    manager: EntityManager,
    request: IdempotentRequest | undefined,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    return request ? this.once(await executorOf(manager), request, work) : work();
  }

  /**
   * The answer that is remembered, without waiting for one that is under way.
   *
   * @throws IdempotencyMismatchError
   */
  async recall(request: IdempotentRequest): Promise<{ readonly answer: unknown } | undefined> {
    return this.remembered<unknown>(this.tenants.of(request.tenantId), request);
  }

  /** Deletes entries past their window, `limit` at most; returns how many. */
  async deleteExpired(limit: number): Promise<number> {
    return (await this.database.query(this.expire, [limit])).length;
  }

  private async underSavepoint<Answer>(
    executor: SqlExecutor,
    request: IdempotentRequest,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    // Reset to the caller's own value below: SET LOCAL would outlive this savepoint in a caller's transaction.
    const [before] = await executor.query<{ value: string }>({
      text: `SELECT current_setting('lock_timeout') AS value`,
    });
    await executor.query({ text: `SET LOCAL lock_timeout = '5s'` });
    const values = [...idOf(request), request.hashes[0], this.settings.idempotencyWindowMs];
    const taken = await executor.query(this.take, values);
    await executor.query({ text: `SELECT set_config('lock_timeout', $1, true)` }, [before?.value ?? '0']);
    if (taken.length === 0) {
      const first = await this.remembered<Answer>(executor, request);
      if (!first) throw new IdempotencyInProgressError();
      return first.answer;
    }
    const answer = await work();
    await executor.query(this.answer, [...idOf(request), JSON.stringify(answer)]);
    return answer;
  }

  private async remembered<Answer>(
    executor: SqlExecutor,
    request: IdempotentRequest,
  ): Promise<{ readonly answer: Answer } | undefined> {
    const [first] = await executor.query<{ request_hash: Buffer; answer: Answer }>(this.find, idOf(request));
    if (first && !request.hashes.some((hash) => hash.equals(first.request_hash))) throw new IdempotencyMismatchError();
    return first;
  }
}

const idOf = ({ tenantId, scope, key }: IdempotentRequest): string[] => [tenantId, scope, key];
