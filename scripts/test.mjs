// Runs Jest, from a fresh clone too; arguments are Jest's. Nest is ESM only, which Jest takes with this flag of Node's.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureInstalled, root } from './ensure.mjs';

ensureInstalled();
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    // Every file loads some 3,000 modules anew: with V8's own 16 MB, an eighth of all the processor went to collecting them.
    '--max-semi-space-size=64',
    '--no-warnings=ExperimentalWarning',
    path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
// Ctrl-C reaches Jest by itself; we wait to pass on how it ended. A signal sent to us alone has to be handed down.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => {
  console.error(`Jest cannot be run: ${error.message}.`);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));
