// The short form; `npm run test:fuzz` is the long one.
import { expect, it } from '@jest/globals';
import { fuzz } from './fuzz.js';

it('answers whatever anyone sends as documented, and shows no tenant anything of another', async () => {
  const { requests, neverServed } = await fuzz({ requests: 1_200, seed: 20261128 });
  expect(requests).toBeGreaterThan(1_000);
  // Not all are refused at the door.
  expect(neverServed.length).toBeLessThan(12);
});
