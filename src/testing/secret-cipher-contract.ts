// What every cipher of stored secrets must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import { SecretBoxError } from '../kernel/secret-box.js';
import type { SecretCipher } from '../kernel/secret-cipher.js';
import type { ContractCase } from './contract/bench.js';

const ROW = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';
const OTHER_ROW = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e';

/** As long as custom headers of one webhook may be. */
const LONGEST = 80 * 1_024;

const TEXTS = ['x', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', 'ä \u{1f422} \0 "', 'v'.repeat(LONGEST)];

const CASES: Record<string, (cipher: SecretCipher) => Promise<void>> = {
  'decrypts what it encrypted, for the same row, however long it is': async (cipher) => {
    for (const text of TEXTS) assert.equal(await cipher.decrypt(await cipher.encrypt(text, ROW), ROW), text);
  },

  'does so for many at once': async (cipher) => {
    const texts = Array.from({ length: 50 }, (_one, at) => `secret ${at}`);
    const sealed = await Promise.all(texts.map(async (text) => cipher.encrypt(text, ROW)));
    assert.deepEqual(await Promise.all(sealed.map(async (one) => cipher.decrypt(one, ROW))), texts);
  },

  'shows nothing of what it encrypted, nor that two texts are the same': async (cipher) => {
    const text = TEXTS[1]!;
    const [one, two] = [await cipher.encrypt(text, ROW), await cipher.encrypt(text, ROW)];
    assert.ok(Buffer.isBuffer(one), 'not a Buffer');
    assert.ok(!one.includes(text), 'the text stands in it');
    assert.ok(!one.equals(two), 'the same text gave the same bytes');
  },

  'refuses another row’s, by a SecretBoxError': async (cipher) => {
    await refused(cipher, await cipher.encrypt('secret', ROW), OTHER_ROW);
  },

  'refuses what was altered, cut off or is none at all, by a SecretBoxError': async (cipher) => {
    const sealed = await cipher.encrypt('secret', ROW);
    const altered = Buffer.from(sealed);
    altered[altered.length - 1]! ^= 1;
    for (const broken of [altered, sealed.subarray(0, -1), Buffer.from('\0'), Buffer.alloc(64)])
      await refused(cipher, broken, ROW);
  },

  'knows what it would seal the same way, if it knows anything of that': async (cipher) => {
    if (cipher.isCurrent) assert.equal(cipher.isCurrent(await cipher.encrypt('secret', ROW)), true);
  },
};

async function refused(cipher: SecretCipher, sealed: Buffer, row: string): Promise<void> {
  await assert.rejects(async () => cipher.decrypt(sealed, row), SecretBoxError);
}

/**
 * The cases that a cipher of stored secrets must pass: it gives back what it was given, for the same row alone, shows nothing of
 * it, and refuses what is not its own in a way that is told from being away.
 *
 * @param make - Makes one, for each case anew.
 * @example
 * for (const { name, run } of secretCipherContract(() => new VaultCipher(client))) it(name, run);
 */
export const secretCipherContract = (make: () => SecretCipher): ContractCase[] =>
  Object.entries(CASES).map(([name, holds]) => ({ name, run: () => holds(make()) }));
