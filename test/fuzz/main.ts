// The long form of the fuzzing: npm run test:fuzz [-- --requests 20000] [--seed <number>]
// Ends with 1, the smallest requests that show it and the seed, where an answer was not as promised.
import { parseArgs } from 'node:util';
import { startTestDatabase } from '../setup/global-setup-impl.js';
import { fuzz } from './fuzz.js';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } },
});
// fast-check's seeds are 32 bits.
const seed = values.seed ? Number(values.seed) : Date.now() | 0;
const stop = await startTestDatabase();
try {
  const { requests, statuses, neverServed } = await fuzz({ requests: Number(values.requests), seed });
  console.log(`${requests} requests, seed ${seed}: nothing undocumented, no 5xx, nothing of another tenant.`);
  console.log(
    `Answers: ${Object.entries(statuses)
      .map(([status, count]) => `${status} ${count}`)
      .join(', ')}.`,
  );
  console.log(`Never served: ${neverServed.join(', ') || 'none'}.`);
} catch (error) {
  console.error((error as Error).message, (error as Error).cause ?? '');
  process.exitCode = 1;
} finally {
  await stop();
}
