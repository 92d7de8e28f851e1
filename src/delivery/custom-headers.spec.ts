import { describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { SecretBox, SecretBoxError } from '../kernel/secret-box.js';
import { KeyRingCipher } from '../kernel/secret-cipher.js';
import { SealedSecrets } from '../platform/secrets/index.js';
import { CustomHeaders } from './custom-headers.js';

describe('the custom headers of a webhook', () => {
  const box = new SecretBox([randomBytes(32)]);
  const headers = new CustomHeaders(new SealedSecrets(new KeyRingCipher(box)));
  const webhookId = randomUUID();
  const seal = (value: string): Buffer => box.seal(JSON.stringify([['X-Key', value]]), webhookId);

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

  it('of another webhook are not opened', async () => {
    await expect(headers.of(randomUUID(), seal('a'))).rejects.toThrow(SecretBoxError);
  });
});
