// Secrets sealed and opened through whichever cipher there is. What was opened is kept for as long as there is room, so that a
// service that is slow or away is asked once for each; what fails in another way than being unreadable is told as being away.
import { hash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { PosthornError } from '../../kernel/errors.js';
import { inTimeOr } from '../../kernel/in-time.js';
import { SecretBoxError } from '../../kernel/secret-box.js';
import { SecretCipher } from '../../kernel/secret-cipher.js';

/** Of what is kept, sealed and open: a set of custom headers has up to 80 KiB. */
const MAX_KEPT_BYTES = 16 * 1_048_576;

/** A service that has not answered by then is away. */
const PATIENCE_MS = 5_000;

const noAnswer = (): never => {
  throw new Error(`no answer within ${PATIENCE_MS} ms`);
};

/** Secrets cannot be sealed or opened at this moment; the same may succeed later. */
export class SecretsAwayError extends PosthornError {
  constructor() {
    super('unavailable', 'secrets_unavailable', 'Secrets can be neither read nor written at the moment.');
  }
}

@Injectable()
export class SealedSecrets {
  private readonly logger = new Logger('Secrets');
  /** Least recently sealed or opened first. */
  readonly #kept = new Map<string, { readonly text: Promise<string>; readonly bytes: number }>();
  #keptBytes = 0;

  constructor(private readonly cipher: SecretCipher) {}

  /** @throws SecretsAwayError */
  async seal(plaintext: string, owner: string): Promise<Buffer> {
    const sealed = await this.ask(() => this.cipher.encrypt(plaintext, owner));
    this.keep(keyOf(sealed, owner), Promise.resolve(plaintext), sealed.length);
    return sealed;
  }

  /** @throws SecretBoxError where it cannot be read, SecretsAwayError where it cannot be read now. */
  open(sealed: Buffer, owner: string): Promise<string> {
    const key = keyOf(sealed, owner);
    const known = this.#kept.get(key);
    if (known) return known.text;
    const text = this.ask(() => this.cipher.decrypt(sealed, owner));
    this.keep(key, text, sealed.length);
    // Whoever asked hears of it; the next one asks again.
    text.catch(() => this.forget(key));
    return text;
  }

  /** Whether a new seal would be the same in kind. */
  isCurrent(sealed: Buffer): boolean {
    return this.cipher.isCurrent?.(sealed) ?? false;
  }

  private async ask<Answer>(question: () => Answer | Promise<Answer>): Promise<Answer> {
    try {
      return await inTimeOr(question(), PATIENCE_MS, noAnswer);
    } catch (error) {
      if (error instanceof SecretBoxError) throw error;
      const said = error instanceof Error ? error.message : 'what it threw is no error';
      this.logger.error(`The secret cipher failed: ${said}`);
      throw new SecretsAwayError();
    }
  }

  private keep(key: string, text: Promise<string>, size: number): void {
    this.forget(key);
    const bytes = 2 * size + key.length;
    this.#kept.set(key, { text, bytes });
    this.#keptBytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.#keptBytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

/** Sealed once, never altered: the bytes and their row say what is in it. */
const keyOf = (sealed: Buffer, owner: string): string => `${owner}/${hash('sha256', sealed, 'base64')}`;
