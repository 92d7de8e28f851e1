import { describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { SecretBox, SecretBoxError } from '../kernel/secret-box.js';
import { CustomHeaders } from './custom-headers.js';

/** A box that counts how often it was opened. */
class CountingBox extends SecretBox {
  opened = 0;

  override open(box: Buffer, owner: string): string {
    this.opened += 1;
    return super.open(box, owner);
  }
}

const seal = (box: SecretBox, webhookId: string, value: string): Buffer =>
  box.seal(JSON.stringify([['X-Key', value]]), webhookId);

describe('the custom headers of a webhook', () => {
  const box = new CountingBox([randomBytes(32)]);
  const headers = new CustomHeaders(box);
  const webhookId = randomUUID();

  it('are none without a box', () => {
    expect(headers.of(webhookId, null)).toEqual([]);
  });

  it('are opened once, and again only when they were changed', () => {
    const first = seal(box, webhookId, 'a');
    expect(headers.of(webhookId, first)).toEqual([['X-Key', 'a']]);
    // Another row of the same claim, or of the next one: the same bytes, not the same object.
    expect(headers.of(webhookId, Buffer.from(first))).toEqual([['X-Key', 'a']]);
    expect(box.opened).toBe(1);
    expect(headers.of(webhookId, seal(box, webhookId, 'b'))).toEqual([['X-Key', 'b']]);
    expect(box.opened).toBe(2);
  });

  it('of another webhook are not opened', () => {
    expect(() => headers.of(randomUUID(), seal(box, webhookId, 'a'))).toThrow(SecretBoxError);
  });

  it('take no more memory than there is room for', () => {
    const large = 'v'.repeat(1_048_576);
    const boxes = Array.from({ length: 17 }, () => randomUUID()).map((id) => ({ id, sealed: seal(box, id, large) }));
    for (const { id, sealed } of boxes) headers.of(id, sealed);
    const before = box.opened;
    headers.of(boxes[16]!.id, boxes[16]!.sealed);
    expect(box.opened).toBe(before);
    headers.of(boxes[0]!.id, boxes[0]!.sealed);
    expect(box.opened).toBe(before + 1);
  });
});
