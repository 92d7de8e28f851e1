// The server without its sweep: what the fault suite must notice. Nothing that is shipped can switch it off.
import { Sweeper } from '../../../dist/delivery/sweeper.js';

Sweeper.prototype.sweep = () => Promise.resolve();
