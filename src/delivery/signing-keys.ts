// Opens signing secrets once. A secret's row never changes, so it may be kept open for as long as there is room;
// which secrets are live is decided anew by every claim.
import { Injectable, Logger } from '@nestjs/common';
import { Secret } from '../kernel/secret.js';
import { isSigningSecret } from '../kernel/signatures/signing-secret.js';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { SealedSecrets, SecretsAwayError } from '../platform/secrets/index.js';

const MAX_KEPT = 10_000;

const NONE: ReadonlySet<string> = new Set();

@Injectable()
export class SigningKeys {
  private readonly logger = new Logger('SigningKeys');
  private readonly kept = new Map<string, Secret>();
  private readonly statement: Statement;

  constructor(
    private readonly database: Database,
    private readonly secrets: SealedSecrets,
  ) {
    this.statement = {
      name: 'posthorn_secret_open',
      text: `SELECT id, ciphertext FROM ${database.tables.webhook_secret} WHERE id = ANY ($1::uuid[])`,
    };
  }

  /**
   * Makes sure that these secrets are at hand: one query, and none in the usual case. Answers which of them cannot
   * be opened at this moment.
   */
  async prepare(secretIds: Iterable<string>): Promise<ReadonlySet<string>> {
    const missing = [...new Set(secretIds)].filter((id) => !this.kept.has(id));
    if (missing.length === 0) return NONE;
    const rows = await this.database.query<{ id: string; ciphertext: Buffer }>(this.statement, [missing]);
    const opened = await Promise.all(rows.map(({ id, ciphertext }) => this.open(id, ciphertext)));
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
    }
    return new Set(rows.filter((_row, at) => opened[at] === 'away').map(({ id }) => id));
  }

  /** One secret that cannot be opened must not stop the deliveries of every other webhook. */
  private async open(id: string, ciphertext: Buffer): Promise<'open' | 'unreadable' | 'away'> {
    try {
      const secret = new Secret(await this.secrets.open(ciphertext, id));
      if (!isSigningSecret(secret.reveal())) throw new Error('it is none');
      this.kept.set(id, secret);
      return 'open';
    } catch (error) {
      if (error instanceof SecretsAwayError) return 'away';
      this.logger.error(`Signing secret ${id} cannot be read: ${(error as Error).message}`);
      return 'unreadable';
    }
  }

  /** The prepared secrets, in the order asked for. One that was retired since then, or is unreadable, is left out. */
  of(secretIds: readonly string[]): Secret[] {
    return secretIds.map((id) => this.kept.get(id)).filter((secret) => secret !== undefined);
  }
}
