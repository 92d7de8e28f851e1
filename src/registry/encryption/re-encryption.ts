// Seals anew, under the first encryption key, what an older one sealed, so that the older one may be dropped. Row by row and
// from wherever it was left: a run that is cut off has done what it has done, and several at once do no harm.
import { Injectable } from '@nestjs/common';
import { FIRST_ID } from '../../kernel/ids.js';
import { SecretBoxError } from '../../kernel/secret-box.js';
import { AuditLog } from '../../platform/audit/index.js';
import type { Author } from '../../platform/audit/index.js';
import { Database } from '../../platform/database/index.js';
import type { Statement } from '../../platform/database/index.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { SealedSecrets } from '../../platform/secrets/index.js';

/** What a run came to. */
interface ReEncrypted {
  /** Secrets, sets of custom headers, and credentials of webhooks, that were sealed anew. */
  readonly reencrypted: number;
  /** Those that no key of the ring opens; they stay as they are. */
  readonly unreadable: number;
}

/** How what is sealed stands. */
interface SealedState {
  /** Secrets, sets of custom headers, and credentials of webhooks. */
  readonly sealed: number;
  /** Those of them that are not under the first key, whether another opens them or none. */
  readonly outdated: number;
}

const BATCH = 200;

interface Sealed {
  readonly id: string;
  readonly box: Buffer;
}

interface Walk {
  readonly page: Statement;
  readonly replace: Statement;
}

@Injectable()
export class ReEncryption {
  /** Every column that holds a box; the id of its row is what the box is bound to. */
  private readonly walks: readonly Walk[];

  constructor(
    private readonly database: Database,
    private readonly secrets: SealedSecrets,
    private readonly audit: AuditLog,
    private readonly ledger: IdempotencyLedger,
  ) {
    const { webhook, webhook_secret, source_secret } = database.tables;
    const columns = [
      [webhook_secret, 'ciphertext'],
      [source_secret, 'ciphertext'],
      [webhook, 'headers'],
      [webhook, 'authentication'],
    ] as const;
    this.walks = columns.map(([table, column]) => ({
      page: {
        // Walks the primary key and locks nothing.
        text: `SELECT id, ${column} AS box FROM ${table}
               WHERE id > $1 AND ${column} IS NOT NULL ORDER BY id LIMIT ${BATCH}`,
      },
      replace: {
        // Locks the rows it changes, in the order of their key; one that was changed or deleted meanwhile is left alone.
        text: `WITH locked AS (
                 SELECT t.id, n.fresh FROM ${table} t
                 JOIN unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (id, old, fresh) ON n.id = t.id AND n.old = t.${column}
                 ORDER BY t.id FOR UPDATE OF t)
               UPDATE ${table} t SET ${column} = locked.fresh FROM locked WHERE t.id = locked.id RETURNING t.id`,
      },
    }));
  }

  /** Walks outside the transaction that records it: a walk that fails half-way has still done what it has done. */
  run(author: Author, request?: IdempotentRequest): Promise<ReEncrypted> {
    return this.ledger.run(author.tenantId, request, async (executor) => {
      const done = await this.walkAll();
      const change = { action: 'encryption.renewed', resource: 'secrets', after: { shown: { ...done } } };
      await this.audit.record(executor, author, change);
      return done;
    });
  }

  /** Counts what is sealed, and opens nothing. While a run is under way it tells how far that is. */
  async read(): Promise<SealedState> {
    let [sealed, outdated] = [0, 0];
    for (const walk of this.walks) {
      for await (const rows of this.pagesOf(walk)) {
        sealed += rows.length;
        outdated += this.outdatedOf(rows).length;
      }
    }
    return { sealed, outdated };
  }

  private async walkAll(): Promise<ReEncrypted> {
    let [reencrypted, unreadable] = [0, 0];
    for (const walk of this.walks) {
      for await (const rows of this.pagesOf(walk)) {
        const old = this.outdatedOf(rows);
        const fresh = await Promise.all(old.map(({ id, box }) => this.sealAnew(box, id)));
        const readable = old.flatMap((row, at) => (fresh[at] ? [{ ...row, fresh: fresh[at] }] : []));
        unreadable += old.length - readable.length;
        reencrypted += await this.replace(walk, readable);
      }
    }
    return { reencrypted, unreadable };
  }

  private async *pagesOf({ page }: Walk): AsyncGenerator<readonly Sealed[]> {
    for (let after = FIRST_ID; ;) {
      const rows = await this.database.query<Sealed>(page, [after]);
      yield rows;
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return;
      after = last.id;
    }
  }

  private outdatedOf(rows: readonly Sealed[]): readonly Sealed[] {
    return rows.filter(({ box }) => !this.secrets.isCurrent(box));
  }

  private async replace(walk: Walk, rows: readonly (Sealed & { fresh: Buffer })[]): Promise<number> {
    if (rows.length === 0) return 0;
    const values = [rows.map(({ id }) => id), rows.map(({ box }) => box), rows.map(({ fresh }) => fresh)];
    return (await this.database.query(walk.replace, values)).length;
  }

  private async sealAnew(box: Buffer, owner: string): Promise<Buffer | undefined> {
    try {
      return await this.secrets.seal(await this.secrets.open(box, owner), owner);
    } catch (error) {
      if (error instanceof SecretBoxError) return undefined;
      throw error;
    }
  }
}
