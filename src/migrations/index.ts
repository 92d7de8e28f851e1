// The migrations, in order; an explicit list, so that bundlers and a host's own data source see the same one.
import { Init1764000000000 } from './1764000000000-init.js';

export const POSTHORN_MIGRATIONS = [Init1764000000000] as const;
