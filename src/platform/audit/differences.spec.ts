import { expect, it } from '@jest/globals';
import { differences } from './differences.js';

it('tells the fields that differ, with what they were and are', () => {
  const before = { shown: { name: 'a', events: ['x'], limit: null, same: { a: 1 } } };
  const after = { shown: { name: 'b', events: ['x', 'y'], limit: undefined, same: { a: 1 } } };
  expect(differences(before, after)).toEqual([
    { field: 'name', before: 'a', after: 'b' },
    { field: 'events', before: ['x'], after: ['x', 'y'] },
  ]);
});

it('tells of a new thing what it has, and of a hidden field only that it changed', () => {
  expect(differences(undefined, { shown: { name: 'a', limit: null }, hidden: { config: { token: 't' } } })).toEqual([
    { field: 'name', before: null, after: 'a' },
    { field: 'config' },
  ]);
  expect(differences({ shown: {}, hidden: { url: 'u' } }, { shown: {}, hidden: { url: 'u' } })).toEqual([]);
});
