import { Injectable } from '@nestjs/common';
import { KeyRingCipher, SecretBoxError, SecretCipher } from 'posthorn';
import { InvalidCiphertext, Vault } from './company/vault.js';

/** What the key service sealed, told from what was sealed under `ENCRYPTION_KEY` before there was one. */
const MARK = Buffer.from('vault:');

/** Seals by the key service. What the ring of keys sealed is read still: `POST /api/encryption/re-encrypt` brings it over. */
@Injectable()
export class VaultCipher extends SecretCipher {
  constructor(
    private readonly vault: Vault,
    private readonly ring: KeyRingCipher,
  ) {
    super();
  }

  async encrypt(plaintext: string, owner: string): Promise<Buffer> {
    return Buffer.concat([MARK, await this.vault.encrypt(plaintext, { context: owner })]);
  }

  async decrypt(sealed: Buffer, owner: string): Promise<string> {
    if (!this.isCurrent(sealed)) return this.ring.decrypt(sealed, owner);
    try {
      return await this.vault.decrypt(sealed.subarray(MARK.length), { context: owner });
    } catch (error) {
      // Asking again is of no use. Whatever else it throws says that it is away, and deliveries wait.
      if (error instanceof InvalidCiphertext) throw new SecretBoxError('The vault did not seal this secret.');
      throw error;
    }
  }

  override isCurrent(sealed: Buffer): boolean {
    return sealed.subarray(0, MARK.length).equals(MARK);
  }
}
