// Arrays as parameters: what PostgreSQL reads is what was written, whatever it holds.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { bytesArray, textArray } from '../../src/platform/database/index.js';
import { urlOf } from '../setup/database.js';

let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client(urlOf('postgres'));
  await client.connect();
});
afterAll(() => client?.end());

const TEXTS = ['', 'plain', 'a,b', '{"a":"\\"}', 'null', 'NULL', null, 'é 漢字 🙂', ' ', "it's", 'x'.repeat(100_000)];

it.each([
  ['many', TEXTS],
  ['one', ['a']],
  ['none', []],
  ['only NULLs', [null, null]],
])('text: %s', async (_, texts) => {
  const { rows } = await client.query('SELECT $1::text[] AS read', [textArray(texts)]);
  expect(rows[0]).toEqual({ read: texts });
});

it('bytes, of which strings are UTF-8', async () => {
  const values = [Buffer.from([0, 255, 92, 120]), Buffer.alloc(0), null, 'é 🙂', ...TEXTS];
  const { rows } = await client.query('SELECT $1::bytea[] AS read', [bytesArray(values)]);
  expect(rows[0]).toEqual({ read: values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value)) });
});

it('half a character, which UTF-8 cannot write, becomes the replacement character', async () => {
  const { rows } = await client.query('SELECT $1::text[] AS read', [textArray(['a\ud83d', '\ude42b'])]);
  expect(rows[0]).toEqual({ read: ['a\ufffd', '\ufffdb'] });
});
