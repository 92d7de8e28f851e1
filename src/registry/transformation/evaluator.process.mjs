// The process in which expressions of tenants are evaluated: what goes too far ends it, and nothing else. Its first thread
// evaluates nothing, so that it can always look at the clock, and goes when its parent is gone. Limits of threads alone are
// not enough: V8 ends the whole process where a single allocation does not fit.
import { Worker } from 'node:worker_threads';

/** How it ends where an evaluation took too long; whatever else ends it took too much memory. */
const TOO_LONG = 3;

const [timeoutMs, memoryMb] = process.argv.slice(2).map(Number);

const thread = new Worker(new URL('./evaluator.thread.mjs', import.meta.url), {
  resourceLimits: { maxOldGenerationSizeMb: memoryMb },
});
let timer;

thread.on('message', (answer) => {
  clearTimeout(timer);
  process.send(answer);
});
thread.on('error', () => process.exit());
process.on('message', (question) => {
  timer = setTimeout(() => process.exit(TOO_LONG), timeoutMs);
  thread.postMessage(question);
});
process.on('disconnect', () => process.exit());
