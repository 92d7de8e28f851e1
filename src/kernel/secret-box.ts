// Secrets at rest: AES-256-GCM under a ring of keys. Each box carries the id of its key, so that keys can be rotated. It is bound
// to the row that it belongs to: a ciphertext that is copied to another row does not open.
import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;

/** Encrypts and decrypts small secrets. The first key of the ring encrypts; every key decrypts what it once encrypted. */
export class SecretBox {
  readonly #keys = new Map<string, Buffer>();
  readonly #current: { id: Buffer; key: Buffer };

  /** @throws Error when the ring is empty or a key is not 32 bytes. */
  constructor(keys: readonly Buffer[]) {
    const [first] = keys;
    if (!first) throw new Error('A secret box needs at least one key.');
    for (const key of keys) {
      if (key.length !== 32) throw new Error('A key of the secret box must be 32 bytes.');
      this.#keys.set(keyId(key).toString('hex'), key);
    }
    this.#current = { id: keyId(first), key: first };
  }

  /** What the boxes of the first key begin with. */
  get currentKeyId(): Buffer {
    return this.#current.id;
  }

  /** The box: key id, nonce, ciphertext, tag. `owner` is the id of the row that will hold it. */
  seal(plaintext: string, owner: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#current.key, nonce).setAAD(Buffer.from(owner));
    return Buffer.concat([
      this.#current.id,
      nonce,
      cipher.update(plaintext, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }

  /**
   * What tells whether two texts are the same, and nothing about them without the keys: under the first key of the ring,
   * then under each of the others.
   */
  fingerprints(text: string): [Buffer, ...Buffer[]] {
    const under = (key: Buffer): Buffer => createHmac('sha256', key).update(text).digest();
    const others = [...this.#keys.values()].filter((key) => key !== this.#current.key);
    return [under(this.#current.key), ...others.map(under)];
  }

  /** @throws SecretBoxError when no key of the ring made the box, or the box was altered or moved to another row. */
  open(box: Buffer, owner: string): string {
    const key = this.#keys.get(box.subarray(0, KEY_ID_BYTES).toString('hex'));
    if (!key)
      throw new SecretBoxError(
        'None of the encryption keys made this secret. Was ENCRYPTION_KEY replaced instead of extended?',
      );
    const nonce = box.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES);
    const tag = box.subarray(box.length - TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner)).setAuthTag(tag);
    try {
      const text = decipher.update(box.subarray(KEY_ID_BYTES + NONCE_BYTES, box.length - TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      throw new SecretBoxError('A stored secret was altered or belongs to another row.');
    }
  }
}

/** A stored secret could not be opened. */
export class SecretBoxError extends Error {
  /** To decide by; the message is for people. */
  readonly code = 'secret_unreadable';
}

const keyId = (key: Buffer): Buffer => hash('sha256', key, 'buffer').subarray(0, KEY_ID_BYTES);
