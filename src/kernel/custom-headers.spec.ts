import { describe, expect, it } from '@jest/globals';
import { parseCustomHeaders, readCustomHeaders, writeCustomHeaders } from './custom-headers.js';

describe('custom headers', () => {
  it('are taken as given, in order, and written down without loss', () => {
    const given = { Authorization: 'Bearer a.b', 'X-Api-Key': 'k', "!#$%&'*+-.^_`|~1": 'ä ÿ\t!', constructor: 'c' };
    const headers = readCustomHeaders(given);
    expect(headers).toEqual(Object.entries(given));
    expect(parseCustomHeaders(writeCustomHeaders(headers as [string, string][]))).toEqual(headers);
  });

  it('may be as many and as long as said, and no more', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, 'v']));
    expect(readCustomHeaders(many(20))).toHaveLength(20);
    expect(readCustomHeaders(many(21))).toMatch(/at most 20/);
    expect(readCustomHeaders({ 'x-a': 'v'.repeat(4_096) })).toHaveLength(1);
    expect(readCustomHeaders({ 'x-a': 'v'.repeat(4_097) })).toMatch(/"x-a" has a value of more than 4096 bytes/);
    expect(readCustomHeaders({ ['x'.repeat(129)]: 'v' })).toMatch(/at most 128 characters/);
    expect(readCustomHeaders({})).toEqual([]);
  });

  it.each([
    ...['Host', 'content-length', 'CONTENT-TYPE', 'Content-Encoding', 'transfer-encoding', 'Connection', 'keep-alive'],
    ...['upgrade', 'TE', 'trailer', 'expect', 'proxy-authorization', 'Proxy-Connection', 'user-agent', 'webhook-id'],
    ...['X-Webhook-Signature', 'x-webhook-anything', 'svix-signature', 'ce-id', 'traceparent', 'tracestate'],
  ])('cannot be %s, which is reserved', (name) => {
    expect(readCustomHeaders({ [name]: 'v' })).toBe(`The header "${name}" is reserved.`);
  });

  it.each(['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a\0', '(a)', 'a,b', '"a"'])('have no name such as %j', (name) => {
    expect(readCustomHeaders({ [name]: 'v' })).toMatch(/is no HTTP token/);
  });

  it.each(['', ' ', ' a', 'a ', '\ta', 'a\r\nX-B: c', 'a\nb', 'a\rb', 'a\0b', '\x7f', '\u0100', '€', '😀'])(
    'have no value such as %j',
    (value) => {
      expect(readCustomHeaders({ 'x-a': value })).toMatch(/^The header "x-a" must have a value of Latin-1/);
    },
  );

  it.each([1, null, true, ['v'], {}])('have no value that is %j instead of text', (value) => {
    expect(readCustomHeaders({ 'x-a': value })).toBe('The header "x-a" must have text as its value.');
  });

  it('are not given twice in another spelling', () => {
    expect(readCustomHeaders({ 'X-A': 'v', 'x-a': 'v' })).toBe('The header "x-a" is given twice.');
  });

  it.each(['text', 7, ['x-a'], true, undefined])('are a map, not %j', (input) => {
    expect(readCustomHeaders(input)).toBe('headers must be a map of names to values.');
  });
});
