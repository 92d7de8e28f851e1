// From a fresh clone to a running server. The server runs in this very process: Ctrl-C has one process to stop, and
// whoever supervises us sees its signals and exit code unchanged.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
await import('../dist/main.js');
