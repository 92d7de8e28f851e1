// The seam of secrets at rest: who encrypts what is stored of them, and our own way, the ring of keys.
import { SecretBox } from './secret-box.js';

/**
 * Encrypts the secrets that are stored: signing secrets of webhooks and sources, custom headers. What it answers may be a
 * promise, of a key management service for example; what was decrypted is remembered for as long as there is room.
 *
 * @throws SecretBoxError from `decrypt` where asking again is of no use. Any other error means that the service is away:
 * deliveries wait, receiving and the API answer 503.
 *
 * @example
 * class KmsCipher extends SecretCipher {
 *   constructor(private readonly kms: Kms) { super(); }
 *
 *   encrypt(plaintext: string, owner: string): Promise<Buffer> {
 *     return this.kms.encrypt(Buffer.from(plaintext), { context: owner });
 *   }
 *
 *   async decrypt(sealed: Buffer, owner: string): Promise<string> {
 *     return (await this.kms.decrypt(sealed, { context: owner })).toString();
 *   }
 * }
 * PosthornModule.forRoot({ secretCipher: KmsCipher, … })
 */
export abstract class SecretCipher {
  /**
   * What is stored of a secret.
   *
   * @param owner - The id of the row that will hold it; nothing may be decrypted for another.
   */
  abstract encrypt(plaintext: string, owner: string): Buffer | Promise<Buffer>;
  /** The secret again. @throws SecretBoxError where it was altered, sealed for another row, or by a key that is gone */
  abstract decrypt(sealed: Buffer, owner: string): string | Promise<string>;
  /** Whether it was sealed as `encrypt` would seal it now; re-encryption leaves that alone. @defaultValue nothing was */
  isCurrent?(sealed: Buffer): boolean;
}

/** AES-256-GCM under the ring of `ENCRYPTION_KEY`: what seals where nothing else is given. */
export class KeyRingCipher extends SecretCipher {
  constructor(private readonly box: SecretBox) {
    super();
  }

  encrypt(plaintext: string, owner: string): Buffer {
    return this.box.seal(plaintext, owner);
  }

  decrypt(sealed: Buffer, owner: string): string {
    return this.box.open(sealed, owner);
  }

  override isCurrent(sealed: Buffer): boolean {
    const { currentKeyId } = this.box;
    return sealed.subarray(0, currentKeyId.length).equals(currentKeyId);
  }
}
