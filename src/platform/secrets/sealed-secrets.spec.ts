import { Logger } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { SecretBox, SecretBoxError } from '../../kernel/secret-box.js';
import { KeyRingCipher } from '../../kernel/secret-cipher.js';
import { SealedSecrets, SecretsAwayError } from './sealed-secrets.js';

Logger.overrideLogger(false);

/** A cipher that counts how often it is asked, and fails when it is told to. */
class CountingCipher extends KeyRingCipher {
  asked = 0;
  failure: { readonly thrown: unknown } | undefined;

  override decrypt(sealed: Buffer, owner: string): string {
    this.asked += 1;
    if (this.failure) throw this.failure.thrown;
    return super.decrypt(sealed, owner);
  }
}

const box = new SecretBox([randomBytes(32)]);
const made = (): { cipher: CountingCipher; secrets: SealedSecrets } => {
  const cipher = new CountingCipher(box);
  return { cipher, secrets: new SealedSecrets(cipher) };
};

describe('sealed secrets', () => {
  it('are opened once, however often and concurrently they are asked for, and what was sealed here not at all', async () => {
    const { cipher, secrets } = made();
    const sealed = box.seal('text', 'row');
    expect(await Promise.all([1, 2, 3].map(() => secrets.open(Buffer.from(sealed), 'row')))).toEqual([
      'text',
      'text',
      'text',
    ]);
    expect(cipher.asked).toBe(1);
    expect(await secrets.open(await secrets.seal('other', 'row'), 'row')).toBe('other');
    expect(cipher.asked).toBe(1);
  });

  it('of another row are not opened, though the same bytes were for theirs', async () => {
    const { secrets } = made();
    const sealed = await secrets.seal('text', 'row');
    await expect(secrets.open(sealed, 'another row')).rejects.toThrow(SecretBoxError);
  });

  it.each([new Error('no route to the key service'), 'no route', undefined])(
    'are asked for again once the cipher is back, which threw %p',
    async (thrown) => {
      const { cipher, secrets } = made();
      const sealed = box.seal('text', 'row');
      cipher.failure = { thrown };
      await expect(secrets.open(sealed, 'row')).rejects.toThrow(SecretsAwayError);
      cipher.failure = undefined;
      expect(await secrets.open(sealed, 'row')).toBe('text');
    },
  );

  it('are not waited for longer than five seconds: a cipher that never answers is away', async () => {
    const { cipher, secrets } = made();
    jest.useFakeTimers();
    try {
      cipher.decrypt = () => new Promise<string>(() => undefined) as unknown as string;
      const refused = expect(secrets.open(box.seal('text', 'row'), 'row')).rejects.toThrow(SecretsAwayError);
      await jest.advanceTimersByTimeAsync(5_000);
      await refused;
    } finally {
      jest.useRealTimers();
    }
  });

  it('take no more memory than there is room for: the oldest are asked for again', async () => {
    const { cipher, secrets } = made();
    const rows = Array.from({ length: 17 }, () => randomUUID());
    const sealed = rows.map((row) => box.seal('v'.repeat(1_048_576), row));
    for (const [at, row] of rows.entries()) await secrets.open(sealed[at]!, row);
    const before = cipher.asked;
    await secrets.open(sealed[16]!, rows[16]!);
    expect(cipher.asked).toBe(before);
    await secrets.open(sealed[0]!, rows[0]!);
    expect(cipher.asked).toBe(before + 1);
  });
});
