import { describe, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { SecretBox } from '../../src/kernel/secret-box.js';
import { KeyRingCipher } from '../../src/kernel/secret-cipher.js';
import { secretCipherContract } from '../../src/testing/index.js';
import { KeyServiceCipher } from '../setup/key-service.js';

describe('the ring of keys', () => {
  const box = new SecretBox([randomBytes(32), randomBytes(32)]);
  for (const { name, run } of secretCipherContract(() => new KeyRingCipher(box))) it(name, run);
});

describe('a cipher of an application', () => {
  for (const { name, run } of secretCipherContract(() => new KeyServiceCipher())) it(name, run);
});
