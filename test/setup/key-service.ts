// A cipher that is as unlike ours as one may be: another algorithm, and an answer that takes its turn, as a key service's does.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { SecretBoxError, SecretCipher } from '../../src/index.js';

const NAME = Buffer.from('key-service/1:');
const [NONCE_BYTES, TAG_BYTES] = [12, 16];

export class KeyServiceCipher extends SecretCipher {
  /** Nobody answers while it is true. */
  isAway = false;
  readonly #root = randomBytes(32);

  async encrypt(plaintext: string, owner: string): Promise<Buffer> {
    await this.reach();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('chacha20-poly1305', this.keyOf(owner), nonce, { authTagLength: TAG_BYTES });
    const text = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return Buffer.concat([NAME, nonce, cipher.getAuthTag(), text]);
  }

  async decrypt(sealed: Buffer, owner: string): Promise<string> {
    await this.reach();
    if (!this.isCurrent(sealed)) throw new SecretBoxError('not sealed by the key service');
    const [nonce, tag, text] = [0, NONCE_BYTES, NONCE_BYTES + TAG_BYTES].map((from, at) =>
      sealed.subarray(
        NAME.length + from,
        at < 2 ? NAME.length + [NONCE_BYTES, NONCE_BYTES + TAG_BYTES][at]! : undefined,
      ),
    ) as [Buffer, Buffer, Buffer];
    try {
      const cipher = createDecipheriv('chacha20-poly1305', this.keyOf(owner), nonce, { authTagLength: TAG_BYTES });
      cipher.setAuthTag(tag);
      return Buffer.concat([cipher.update(text), cipher.final()]).toString('utf8');
    } catch {
      throw new SecretBoxError('altered, or of another row');
    }
  }

  override isCurrent(sealed: Buffer): boolean {
    return sealed.subarray(0, NAME.length).equals(NAME);
  }

  private async reach(): Promise<void> {
    await turn();
    if (this.isAway) throw new Error('ECONNREFUSED key-service');
  }

  private keyOf(owner: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#root, '', owner, 32));
  }
}
