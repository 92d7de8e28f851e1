import { describe, expect, it } from '@jest/globals';
import { isTooDeep, isValueTooDeep, MAX_DEPTH } from './json-depth.js';

const arrays = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const both = (pairs: number): string => `${'[{"a":'.repeat(pairs)}1${'}]'.repeat(pairs)}`;
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('what is nested too deep', () => {
  it.each([
    ['nothing nested', '1', false],
    ['as many lists as may be', arrays(MAX_DEPTH), false],
    ['one more', arrays(MAX_DEPTH + 1), true],
    ['as many objects as may be', objects(MAX_DEPTH), false],
    ['one object more', objects(MAX_DEPTH + 1), true],
    ['as many of both as may be', both(MAX_DEPTH / 2), false],
    ['one of both more', `[${both(MAX_DEPTH / 2)}]`, true],
    ['many beside each other', `[${Array(1_000).fill('[]').join()}]`, false],
    ['brackets in text', JSON.stringify('['.repeat(1_000)), false],
    ['a text that ends in a backslash', JSON.stringify([`${'['.repeat(1_000)}\\`]), false],
  ])('is told of the text and of the value alike: %s', (_what, json, expected) => {
    expect(isTooDeep(json)).toBe(expected);
    expect(isValueTooDeep(JSON.parse(json))).toBe(expected);
  });

  it('is told of what is deeper than the stack', () => {
    expect(isTooDeep(arrays(500_000))).toBe(true);
    expect(isValueTooDeep(JSON.parse(arrays(100_000)))).toBe(true);
  });
});
