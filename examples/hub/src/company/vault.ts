import { Injectable } from '@nestjs/common';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What it was asked to decrypt is not its own, or is of another context. */
export class InvalidCiphertext extends Error {}

/** Stands for the client of a key service: the key never leaves it. */
@Injectable()
export class Vault {
  readonly #key = randomBytes(32);

  async encrypt(text: string, { context }: { context: string }): Promise<Buffer> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context));
    const sealed = [cipher.update(text, 'utf8'), cipher.final()];
    return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]);
  }

  async decrypt(sealed: Buffer, { context }: { context: string }): Promise<string> {
    try {
      const opener = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12));
      opener.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(12, 28));
      return Buffer.concat([opener.update(sealed.subarray(28)), opener.final()]).toString('utf8');
    } catch {
      throw new InvalidCiphertext('Not sealed here, or not for this context.');
    }
  }
}
