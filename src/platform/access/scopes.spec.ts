import { expect, it } from '@jest/globals';
import { includesScope, SCOPES } from './scopes.js';

it('lets a write scope read the same noun, and no other', () => {
  expect(includesScope(['webhooks:write'], 'webhooks:read')).toBe(true);
  expect(includesScope(['webhooks:read'], 'webhooks:write')).toBe(false);
  expect(includesScope(['webhooks:write'], 'sources:read')).toBe(false);
  expect(includesScope(['keys:write'], 'admin')).toBe(false);
});

it('lets admin do everything, and no scope at all nothing', () => {
  for (const scope of SCOPES) {
    expect(includesScope(['admin'], scope)).toBe(true);
    expect(includesScope([], scope)).toBe(false);
  }
});
