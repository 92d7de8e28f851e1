import { describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { SecretBox, SecretBoxError } from '../../kernel/secret-box.js';
import { KeyRingCipher } from '../../kernel/secret-cipher.js';
import { SealedSecrets } from '../../platform/secrets/index.js';
import { CustomHeaders } from './custom-headers.js';

describe('the custom headers of a webhook', () => {
  const box = new SecretBox([randomBytes(32)]);
  const headers = new CustomHeaders(new SealedSecrets(new KeyRingCipher(box)));
  const webhookId = randomUUID();
  const seal = (value: string, id = webhookId): Buffer => box.seal(JSON.stringify([['X-Key', value]]), id);

  it('are none without a box', async () => {
    expect(await headers.of(webhookId, null)).toEqual([]);
  });

  it('are opened once, and again only when they were changed', async () => {
    const first = seal('a');
    const opened = await headers.of(webhookId, first);
    expect(opened).toEqual([['X-Key', 'a']]);
    // Another row of the same claim, or of the next one: the same bytes, not the same object.
    expect(await headers.of(webhookId, Buffer.from(first))).toBe(opened);
    expect(await headers.of(webhookId, seal('b'))).toEqual([['X-Key', 'b']]);
  });

  it('stay open for as long as they are used, however many others are opened', async () => {
    const used = seal('used');
    const opened = await headers.of(webhookId, used);
    for (let n = 0; n < 250; n += 1) {
      const other = randomUUID();
      await headers.of(other, seal('x'.repeat(90_000), other));
      expect(await headers.of(webhookId, used)).toBe(opened);
    }
  });

  it('of another webhook are not opened', async () => {
    await expect(headers.of(randomUUID(), seal('a'))).rejects.toThrow(SecretBoxError);
  });
});
