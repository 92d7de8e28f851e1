import { lookup } from 'node:dns/promises';

/** All addresses of a name, in the order to try them; rejects where the name does not resolve. */
export type ResolveAddresses = (hostname: string) => Promise<readonly string[]>;

/**
 * Asks the operating system, so that /etc/hosts, search domains and nsswitch hold as for every other program of the host.
 *
 * The edge: getaddrinfo occupies a thread of libuv's pool (4, unless `UV_THREADPOOL_SIZE` says more) until it gives up, and
 * cannot be cancelled. Names whose servers are dead thus delay other names, files and crypto. Kept-alive connections and
 * the caller's own concurrency limit keep that rare; an installation that sends to many dead names should raise the pool.
 */
export const resolveAddresses: ResolveAddresses = async (hostname) =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);
