// Runs the fuzzing, from a fresh clone too.
import { register } from 'node:module';
import { ensureInstalled } from './ensure.mjs';

ensureInstalled();
register('@swc-node/register/esm', import.meta.url);
await import('../test/fuzz/main.ts');
