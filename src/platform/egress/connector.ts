// The only way out: opens connections for undici, and to nothing that the egress policy forbids. Refuses a literal before
// anything else, a name when any of its addresses is forbidden, and a connected peer before a byte of the request is written.
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { buildConnector, errors } from 'undici';
import { monotonicNow } from '../../kernel/clock.js';
import type { EgressPolicy } from '../../kernel/egress-policy.js';
import { inTimeOr } from '../../kernel/in-time.js';
import { resolveAddresses, type ResolveAddresses } from './resolve.js';
import { openTunnel, ProxyError } from './tunnel.js';

/** The policy forbids this connection: final, not worth a retry. The text names no address, for customers may see it. */
export class EgressDeniedError extends Error {
  readonly code = 'EGRESS_DENIED';
  override readonly name = 'EgressDeniedError';

  constructor() {
    super('The egress policy does not allow this destination.');
  }
}

/** How {@link createEgressConnector} resolves and connects. */
export interface EgressConnectorOptions {
  /** @defaultValue the operating system's resolver */
  resolve?: ResolveAddresses;
  /** Milliseconds for resolving, connecting and the TLS handshake together, where a connection is not given its own. @defaultValue 10000 */
  timeoutMs?: number;
  /** Connections go through it, to the addresses that were checked: `http:`, `https:`, `socks5:` or `socks5h:`. */
  proxy?: URL;
  /** Certificate authorities to trust instead of Node's own. */
  ca?: ConnectionOptions['ca'];
  /** A client certificate and its key, shown to every peer that asks. */
  cert?: ConnectionOptions['cert'];
  key?: ConnectionOptions['key'];
}

/**
 * Opens a connection, as undici asks for one.
 *
 * @param withinMs - Milliseconds for all of it; then it is closed, and fails as undici's own time would have it.
 */
export type EgressConnector = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
  withinMs?: number,
) => void;

// All addresses of an answer are judged, but a name with a thousand of them must not turn us into a port knocker.
const TRIED_PER_FAMILY = 4;
// Node's 250 ms would give up too early on a far peer; the last address gets the rest of the time anyway.
const ATTEMPT_TIMEOUT_MS = 1_000;

/**
 * A connector for `new Agent({ connect })` and its kin that obeys the policy.
 *
 * Guarantee: what is connected to is what was checked. The name is resolved once per connection, and the socket gets that
 * checked answer itself, so a name that changes in between (DNS rebinding) changes nothing; TLS still asks for and
 * verifies the original name. The next address is tried where one fails.
 *
 * Edge: a connection is judged when it opens. Requests over a kept-alive one cause no new look-up, so pools must be
 * closed when a webhook changes its URL, and must not outlive the policy they were opened under. Errors other than
 * {@link EgressDeniedError} are Node's own and may name the address: show customers their code, not their text.
 */
export function createEgressConnector(
  policy: EgressPolicy,
  { resolve = resolveAddresses, timeoutMs = 10_000, proxy, ca, cert, key }: EgressConnectorOptions = {},
): EgressConnector {
  const lookup: LookupFunction = (hostname, options, callback) => {
    checkedAddresses(policy, resolve, hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
  // It returns the socket, which its type does not say. Its own time is the same for all connections, and so is not asked for.
  const connect = buildConnector({
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
    timeout: 0,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
  }) as (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

  const open = (target: buildConnector.Options, callback: buildConnector.Callback, withinMs: number): void => {
    const timer = setTimeout(() => socket.destroy(new errors.ConnectTimeoutError()), withinMs);
    const socket = connect(target, (...result) => {
      clearTimeout(timer);
      callback(...result);
    });
  };

  return ({ hostname, host, protocol, port, localAddress }, callback, withinMs = timeoutMs) => {
    // Node calls `lookup` for names only: without this, every literal address would pass unseen.
    const verdict = policy.checkHost(hostname);
    if (!verdict.ok || !policy.allowsScheme(protocol)) {
      queueMicrotask(() => callback(new EgressDeniedError(), null));
      return;
    }
    // undici would take the name for TLS from the request's Host header. SNI carries no trailing dot (RFC 6066), and no address.
    const servername = verdict.literal === undefined ? hostname.replace(/\.$/, '') : undefined;
    const target = { hostname: verdict.literal ?? hostname, host, protocol, port, servername, localAddress };
    if (proxy) {
      const deadline = monotonicNow() + withinMs;
      const end = { port: Number(port) || (protocol === 'https:' ? 443 : 80), deadline };
      const found =
        verdict.literal === undefined
          ? checkedAddresses(policy, resolve, hostname)
          : Promise.resolve([verdict.literal]);
      // A look-up may take minutes, where servers are dead. Whatever waits for it is held until then.
      inTimeOr(found, withinMs, tooLate)
        .then((addresses) => tunnelTo(proxy, addresses, end))
        .then(
          (socket) =>
            protocol === 'https:'
              ? open({ ...target, httpSocket: socket }, callback, deadline - monotonicNow())
              : callback(null, socket),
          (error: Error) => callback(error, null),
        );
      return;
    }
    const judged: buildConnector.Callback = (error, socket) => {
      if (error) return callback(error, null);
      const peer = socket.remoteAddress;
      if (peer !== undefined && policy.checkAddress(peer).ok) return callback(null, socket);
      socket.destroy();
      // A peer that has gone already has no address to judge; that is a failed connection and may be tried again.
      callback(peer === undefined ? connectionReset() : new EgressDeniedError(), null);
    };
    open(target, judged, withinMs);
  };
}

/** Through the proxy to the first address that it reaches. Its own peer is the operator's choice, and not judged. */
async function tunnelTo(
  proxy: URL,
  addresses: readonly string[],
  { port, deadline }: { port: number; deadline: number },
) {
  for (const [index, address] of addresses.entries()) {
    try {
      return await openTunnel(proxy, { address, port }, deadline - monotonicNow());
    } catch (error) {
      if ((error as ProxyError).code !== 'PROXY_REFUSED' || index === addresses.length - 1) throw error;
    }
  }
  throw new ProxyError('PROXY_REFUSED');
}

async function checkedAddresses(policy: EgressPolicy, resolve: ResolveAddresses, hostname: string) {
  const addresses = await resolve(hostname);
  // The whole answer: a mixed one is an attack, or a split horizon that would send some attempts inside.
  if (!addresses.every((address) => policy.checkAddress(address).ok)) throw new EgressDeniedError();
  if (addresses.length === 0) throw nameNotFound(hostname);
  const unique = [...new Set(addresses)];
  const tried = [4, 6].flatMap((family) => unique.filter((ip) => isIP(ip) === family).slice(0, TRIED_PER_FAMILY));
  return tried.sort((a, b) => unique.indexOf(a) - unique.indexOf(b));
}

/** What getaddrinfo says of a name without addresses. */
const nameNotFound = (hostname: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname,
  });

function tooLate(): never {
  throw Object.assign(new Error('The name was not resolved in time.'), { code: 'ETIMEDOUT' });
}

const connectionReset = (): NodeJS.ErrnoException =>
  Object.assign(new Error('The peer closed the connection at once.'), { code: 'ECONNRESET' });
