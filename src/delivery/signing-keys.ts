// Opens signing secrets once. A secret's row never changes, so its key may be kept for as long as there is room;
// which secrets are live is decided anew by every claim.
import { Injectable, Logger } from '@nestjs/common';
import { Secret } from '../kernel/secret.js';
import { SecretBox } from '../kernel/secret-box.js';
import { signingKey } from '../kernel/signatures/outgoing.js';
import type { SigningKey } from '../kernel/signatures/outgoing.js';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';

const MAX_KEPT = 10_000;

@Injectable()
export class SigningKeys {
  private readonly logger = new Logger('SigningKeys');
  private readonly kept = new Map<string, SigningKey>();
  private readonly statement: Statement;

  constructor(
    private readonly database: Database,
    private readonly box: SecretBox,
  ) {
    this.statement = {
      name: 'posthorn_secret_open',
      text: `SELECT id, ciphertext FROM ${database.tables.webhook_secret} WHERE id = ANY ($1::uuid[])`,
    };
  }

  /** Makes sure that the keys of these secrets are at hand: one query, and none in the usual case. */
  async prepare(secretIds: Iterable<string>): Promise<void> {
    const missing = [...new Set(secretIds)].filter((id) => !this.kept.has(id));
    if (missing.length === 0) return;
    const rows = await this.database.query<{ id: string; ciphertext: Buffer }>(this.statement, [missing]);
    for (const { id, ciphertext } of rows) this.open(id, ciphertext);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
    }
  }

  /** One secret that cannot be opened must not stop the deliveries of every other webhook. */
  private open(id: string, ciphertext: Buffer): void {
    try {
      this.kept.set(id, signingKey(new Secret(this.box.open(ciphertext, id))));
    } catch (error) {
      this.logger.error(`Signing secret ${id} cannot be read: ${(error as Error).message}`);
    }
  }

  /** The prepared keys, in the order asked for. A secret retired since then, or unreadable, is left out. */
  of(secretIds: readonly string[]): SigningKey[] {
    return secretIds.map((id) => this.kept.get(id)).filter((key) => key !== undefined);
  }
}
