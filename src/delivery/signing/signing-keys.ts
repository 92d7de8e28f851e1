// Opens signing secrets once. A secret's row never changes, so it may be kept open for as long as there is room;
// which secrets are live is decided anew by every claim.
import { Injectable, Logger } from '@nestjs/common';
import { BoundedMap } from '../../kernel/bounded-map.js';
import { Secret } from '../../kernel/secret.js';
import { isSigningSecret } from '../../kernel/signatures/signing-secret.js';
import { Database } from '../../platform/database/index.js';
import type { Statement } from '../../platform/database/index.js';
import { SparingLog } from '../../platform/observability/index.js';
import { SealedSecrets, SecretsAwayError } from '../../platform/secrets/index.js';

const MAX_KEPT = 10_000;

/** Secrets as they were asked for. */
export interface OpenedSecrets {
  /** By id. One that was retired since the claim, or is unreadable, is not among them. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Ids of those that cannot be opened at this moment. */
  readonly away: ReadonlySet<string>;
}

@Injectable()
export class SigningKeys {
  private readonly logger = new Logger('SigningKeys');
  /** With another ENCRYPTION_KEY none can be read, and each is asked for again at every attempt. */
  private readonly unreadable = new SparingLog((line) => this.logger.error(line));
  /** Set again at each use, so that the ones longest unused make room. */
  private readonly kept = new BoundedMap<string, Secret>(MAX_KEPT);
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
   * Opens these secrets: one query, and none in the usual case. The caller keeps the answer for as long as it has something to
   * sign. Here they may be forgotten by then, and a delivery without its secrets can only wait for the end of its lease.
   */
  async open(secretIds: Iterable<string>): Promise<OpenedSecrets> {
    const secrets = new Map<string, Secret>();
    const away = new Set<string>();
    const missing: string[] = [];
    for (const id of new Set(secretIds)) {
      const known = this.kept.get(id);
      if (known) secrets.set(id, this.keep(id, known));
      else missing.push(id);
    }
    if (missing.length === 0) return { secrets, away };
    const rows = await this.database.query<{ id: string; ciphertext: Buffer }>(this.statement, [missing]);
    const opened = await Promise.all(rows.map(({ id, ciphertext }) => this.unseal(id, ciphertext)));
    for (const [at, { id }] of rows.entries()) {
      const secret = opened[at];
      if (secret === 'away') away.add(id);
      else if (secret) secrets.set(id, this.keep(id, secret));
    }
    return { secrets, away };
  }

  private keep(id: string, secret: Secret): Secret {
    this.kept.set(id, secret);
    return secret;
  }

  /** One secret that cannot be opened must not stop the deliveries of every other webhook. */
  private async unseal(id: string, ciphertext: Buffer): Promise<Secret | 'away' | undefined> {
    try {
      const secret = new Secret(await this.secrets.open(ciphertext, id));
      if (!isSigningSecret(secret.reveal())) throw new Error('it is none');
      return secret;
    } catch (error) {
      if (error instanceof SecretsAwayError) return 'away';
      const { message } = error as Error;
      this.unreadable.note(message, () => `Signing secret ${id} cannot be read: ${message}`);
      return undefined;
    }
  }
}
