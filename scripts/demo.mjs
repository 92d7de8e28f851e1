// The whole product in a few seconds: a server of its own, receivers that behave well and badly, events in and out, and
// every signature checked by the senders' and receivers' own libraries. Touches nothing but a temporary directory.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
// Only now: these import packages, which a fresh clone does not have before.
const { runDemo } = await import('./demo/demo.mjs');
// Interrupted, the demo may be in the middle of a step that would keep the process alive.
process.exit(await runDemo());
