import { describe, expect, it } from '@jest/globals';
import { isEventPattern, isEventType, patternsMatching } from './event-match.js';

describe('an event type', () => {
  it.each(['order', 'order.completed', 'a_b-C.0.9', 'x'.repeat(128)])('may be %j', (type) =>
    expect(isEventType(type)).toBe(true),
  );

  it.each([
    '',
    ' ',
    '.a',
    'a.',
    'a..b',
    'a b',
    'order.*',
    '*',
    'é',
    'a/b',
    'a\n',
    "a'--",
    'x'.repeat(129),
    7,
    null,
    ['a'],
  ])('may not be %j', (type) => expect(isEventType(type)).toBe(false));
});

describe('a pattern', () => {
  it.each(['*', 'order.*', 'order.item.*', 'order.completed'])('may be %j', (pattern) =>
    expect(isEventPattern(pattern)).toBe(true),
  );

  it.each(['**', '*.a', 'a.*.b', 'order*', '.*', 'order.**', '', null, 3])('may not be %j', (pattern) =>
    expect(isEventPattern(pattern)).toBe(false),
  );
});

describe('the patterns that match a type', () => {
  it('are itself, every prefix of it, and everything', () => {
    expect(patternsMatching('a.b.c')).toEqual(['a.b.c', 'a.b.*', 'a.*', '*']);
    expect(patternsMatching('order')).toEqual(['order', '*']);
  });

  it('do not include everything for a reserved type', () => {
    expect(patternsMatching('posthorn.webhook.failing')).toEqual([
      'posthorn.webhook.failing',
      'posthorn.webhook.*',
      'posthorn.*',
    ]);
    expect(patternsMatching('posthorns.a')).toContain('*');
  });
});
