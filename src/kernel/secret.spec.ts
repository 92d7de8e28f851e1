import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { format, inspect } from 'node:util';
import { Secret } from './secret.js';
import { SecretBox } from './secret-box.js';

describe('a secret', () => {
  const secret = new Secret('whsec_do-not-print-me');

  it.each([
    ['a template string', () => `${secret.toString()}`],
    ['concatenation', () => 'x' + String(secret)],
    ['JSON', () => JSON.stringify({ secret })],
    ['inspect', () => inspect({ secret }, { depth: 5, showHidden: true })],
    ['console formatting', () => format('%s %o %j', secret, secret, secret)],
    ['an error', () => String(new Error(`bad ${secret.toString()}`))],
  ])('is not shown by %s', (_, show) => {
    expect(show()).toContain('[secret]');
    expect(show()).not.toContain('do-not-print-me');
  });

  it('refuses to be empty', () => expect(() => new Secret('')).toThrow('cannot be empty'));

  it('shows its last four characters as a hint', () => expect(secret.hint).toBe('…t-me'));
});

describe('the secret box', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const box = new SecretBox([first]);

  it('opens what it sealed, for the same row', () => {
    expect(box.open(box.seal('whsec_ä', 'row-1'), 'row-1')).toBe('whsec_ä');
  });

  it('tells the same text by a key of the ring, whichever comes first, and by no other key', () => {
    const [one, two, three] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;
    const [before] = new SecretBox([one]).fingerprints('text');
    expect(new SecretBox([two, one]).fingerprints('text')).toContainEqual(before);
    expect(new SecretBox([two, one]).fingerprints('other')).not.toContainEqual(before);
    expect(new SecretBox([two, three]).fingerprints('text')).not.toContainEqual(before);
  });

  it('never seals to the same bytes twice', () => {
    expect(box.seal('a', 'r').equals(box.seal('a', 'r'))).toBe(false);
  });

  it('does not open a box that was moved to another row', () => {
    expect(() => box.open(box.seal('a', 'row-1'), 'row-2')).toThrow('belongs to another row');
  });

  it('does not open a box with any byte changed', () => {
    const sealed = box.seal('secret', 'r');
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] as number) ^ 1;
      expect(() => box.open(changed, 'r')).toThrow();
    }
    expect(() => box.open(Buffer.alloc(0), 'r')).toThrow();
  });

  it('still opens boxes of an older key once a newer one encrypts', () => {
    const rotated = new SecretBox([second, first]);
    expect(rotated.open(box.seal('old', 'r'), 'r')).toBe('old');
    expect(() => box.open(rotated.seal('new', 'r'), 'r')).toThrow('ENCRYPTION_KEY');
  });

  it('refuses keys that are not 32 bytes, and none', () => {
    expect(() => new SecretBox([])).toThrow();
    expect(() => new SecretBox([randomBytes(16)])).toThrow('32 bytes');
  });
});
