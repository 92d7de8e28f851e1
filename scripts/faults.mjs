// Runs the fault suite, from a fresh clone too, against a build of these very sources.
import { register } from 'node:module';
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
register('@swc-node/register/esm', import.meta.url);
await import('../test/faults/main.ts');
