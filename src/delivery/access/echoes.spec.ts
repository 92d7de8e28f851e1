import { expect, it } from '@jest/globals';
import { withoutEchoes } from './echoes.js';

const answer = (body: string, headers: Record<string, string | string[]> = {}) => ({
  headers,
  body: Buffer.from(body, 'latin1'),
});
const shown = (body: string, value: string): string =>
  withoutEchoes(answer(body), [['X-Key', value]]).body.toString('latin1');

it('masks what was sent, wherever it is given back, and leaves every other byte', () => {
  expect(shown('\xff\0 key=secret-one, again secret-one\xe9', 'secret-one')).toBe(
    '\xff\0 key=[masked], again [masked]\xe9',
  );
  expect(withoutEchoes(answer('', { a: 'x secret-"one"', b: ['secret-"one"', 'y'] }), [['k', 'secret-"one"']])).toEqual(
    answer('', { a: 'x [masked]', b: ['[masked]', 'y'] }),
  );
});

it('masks a token or a password without its scheme, and credentials as they are decoded', () => {
  expect(shown('the token is abcdefghij', 'Bearer abcdefghij')).toBe('the token is [masked]');
  const basic = `Basic ${Buffer.from('me:open sesame').toString('base64')}`;
  expect(shown(`${basic} me:open sesame open sesame`, basic)).toBe('[masked] [masked] [masked]');
});

it('masks what the end has cut off', () => {
  expect(shown('key=secret-o', 'secret-one')).toBe('key=[masked]');
  expect(shown('key=secret', 'secret-one')).toBe('key=secret');
});

it('is the same answer where nothing is given back, or what was sent is no secret for being short', () => {
  const given = answer('true story', { a: 'b' });
  expect(withoutEchoes(given, [])).toBe(given);
  expect(withoutEchoes(given, [['X-Debug', 'true']])).toBe(given);
  expect(withoutEchoes(given, [['X-Key', 'secret-one']])).toBe(given);
  expect(withoutEchoes({}, [['X-Key', 'secret-one']])).toEqual({});
});
