// What doctor finds of the way out: what the policy opens, whether the proxy is there, and whether one URL would be reached.
import { connect } from 'node:net';
import type { buildConnector } from 'undici';
import { EgressPolicy } from '../../kernel/egress-policy.js';
import type { Settings } from '../../platform/config/index.js';
import { createEgressConnector, judgeUrl } from '../../platform/egress/index.js';
import { broken, look, ok } from './finding.js';
import type { Finding } from './finding.js';

const WITHIN_MS = 5_000;
const PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };
const SOCKS_PORT = 1080;

export async function egressFindings(settings: Settings, to: string | undefined): Promise<Finding[]> {
  const { allowHttp, allowNetworks, egressProxy } = settings;
  const opened = [
    ...(allowHttp ? ['ALLOW_HTTP lets deliveries go out in the clear'] : []),
    ...(allowNetworks.length > 0 ? [`ALLOW_NETWORKS opens ${allowNetworks.join(', ')} to every tenant`] : []),
  ];
  return [
    opened.length > 0 ? look('egress', `${opened.join(', and ')}.`) : ok('egress', 'https to public addresses alone.'),
    ...(egressProxy === undefined ? [] : [await proxyFinding(new URL(egressProxy))]),
    ...(to === undefined ? [] : [await urlFinding(settings, to)]),
  ];
}

async function proxyFinding({ protocol, hostname, port }: URL): Promise<Finding> {
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (PORTS[protocol] ?? SOCKS_PORT) };
  const socket = connect({ ...at, timeout: WITHIN_MS });
  const error = await new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('timeout', () => resolve('it does not answer'));
    socket.once('error', ({ message }) => resolve(message));
  });
  socket.destroy();
  return error === undefined
    ? ok('proxy', `The egress proxy is there, at ${at.host}:${at.port}.`)
    : broken(
        'proxy',
        `The egress proxy at ${at.host}:${at.port} is not there: ${error}. Until it is, every delivery fails. Check EGRESS_PROXY.`,
      );
}

/** Judged as it is when a webhook is registered, and connected to as a delivery is; no request is made. */
async function urlFinding({ allowHttp, allowNetworks, egressProxy }: Settings, to: string): Promise<Finding> {
  const policy = new EgressPolicy({ allowHttp, allowNetworks });
  const verdict = await judgeUrl(policy, to);
  if (!verdict.ok)
    return broken('delivery', `${to} is refused: ${verdict.error}. ALLOW_NETWORKS and ALLOW_HTTP open what must be.`);
  const proxy = egressProxy === undefined ? undefined : new URL(egressProxy);
  const connector = createEgressConnector(policy, { timeoutMs: WITHIN_MS, proxy });
  const { hostname, host, protocol, port } = new URL(to);
  const error = await new Promise<Error | null>((resolve) => {
    const callback: buildConnector.Callback = (failure, socket) => {
      socket?.destroy();
      resolve(failure);
    };
    connector({ hostname, host, protocol, port }, callback);
  });
  return error === null
    ? ok('delivery', `${to} is allowed, and connections to it are made.`)
    : broken(
        'delivery',
        `${to} is allowed, and cannot be connected to: ${(error as NodeJS.ErrnoException).code ?? error.message}.`,
      );
}
