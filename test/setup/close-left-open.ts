// After each file, what its failed tests left open is closed. Jest takes the modules away from under a server that goes on, whose
// every step then throws at once: its worker may never come to the next file, and the run never ends.
import { afterAll } from '@jest/globals';
import { leftOpen } from './left-open.js';

afterAll(async () => {
  await Promise.all([...leftOpen].map((close) => close()));
});
