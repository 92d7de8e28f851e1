import { lookup } from 'node:dns/promises';
import { sharedLookups } from './shared-lookups.js';
import type { ResolveAddresses } from './shared-lookups.js';

export type { ResolveAddresses } from './shared-lookups.js';

/**
 * Asks the operating system, so that /etc/hosts, search domains and nsswitch hold as for every other program of the host.
 *
 * Shared by all of this process, for what is shared out are threads of the process: see {@link sharedLookups}.
 */
export const resolveAddresses: ResolveAddresses = sharedLookups(async (hostname) =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address),
);
