import { expect, it } from '@jest/globals';
import { SharedRoom } from './shared-room.js';

it('is taken until it is full, and given back once', () => {
  const room = new SharedRoom(100);
  const give = room.take('a', 40);
  expect(room.take('b', 50)).toBeDefined();
  expect(room.take('c', 11)).toBeUndefined();
  give?.();
  give?.();
  expect(room.take('c', 50)).toBeDefined();
  expect(room.take('d', 1)).toBeUndefined();
});

it('is filled to no more than half by one owner', () => {
  const room = new SharedRoom(100);
  const give = room.take('a', 30);
  expect(room.take('a', 20)).toBeDefined();
  expect(room.take('a', 1)).toBeUndefined();
  expect(room.take('b', 50)).toBeDefined();
  give?.();
  expect(room.take('a', 5)).toBeDefined();
  expect(room.take('a', 1)).toBeUndefined();
});

it('has some left, however many take as much as they can', () => {
  const room = new SharedRoom(100);
  for (const owner of ['a', 'b', 'c']) while (room.take(owner, 1));
  // 50, then 25, then 12.
  expect(room.take('d', 13)).toBeDefined();
  expect(room.take('e', 1)).toBeUndefined();
});

it('takes what is larger than a share, or than all of it, where it is the only one', () => {
  const room = new SharedRoom(100);
  const give = room.take('a', 80);
  expect(give).toBeDefined();
  expect(room.take('b', 30)).toBeUndefined();
  give?.();
  const all = room.take('a', 500);
  expect(all).toBeDefined();
  expect(room.take('b', 1)).toBeUndefined();
  all?.();
  expect(room.take('b', 1)).toBeDefined();
});
