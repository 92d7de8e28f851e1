// A way through the operator's proxy (EGRESS_PROXY) to an address that was checked: HTTP CONNECT (RFC 9110, 9.3.6), over TLS
// where the proxy is https, or SOCKS5 with or without a password (RFC 1928, RFC 1929). The proxy is never asked to resolve a name.
import { connect, isIP, isIPv4 } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import ipaddr from 'ipaddr.js';

/** The proxy did not do its part; worth a retry. The text names neither the proxy nor its password. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';

  constructor(
    readonly code: 'PROXY_UNREACHABLE' | 'PROXY_TLS_FAILED' | 'PROXY_AUTH_FAILED' | 'PROXY_REFUSED' | 'PROXY_TIMEOUT',
  ) {
    super('The egress proxy made no connection.');
  }
}

/** Where a tunnel ends: an address, never a name. */
interface TunnelEnd {
  readonly address: string;
  readonly port: number;
}

const MAX_HEAD_BYTES = 16_384;
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };
const SOCKS_PORT = 1080;

/** Opens a connection through the proxy. @throws ProxyError */
export async function openTunnel(proxy: URL, end: TunnelEnd, timeoutMs: number): Promise<Socket> {
  const port = Number(proxy.port) || (DEFAULT_PORTS[proxy.protocol] ?? SOCKS_PORT);
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  const to = { host, port, noDelay: true, keepAlive: true };
  const isTls = proxy.protocol === 'https:';
  // SNI carries no address (RFC 6066, 3). The authorities are Node's own, and those of NODE_EXTRA_CA_CERTS.
  const socket = isTls ? connectTls({ ...to, servername: isIP(host) ? '' : host }) : connect(to);
  const heard = new Heard(socket, isTls, timeoutMs);
  try {
    await heard.connected();
    await (proxy.protocol.startsWith('http') ? byConnect(proxy, end, heard) : bySocks(proxy, end, heard));
    heard.letGo();
    return socket;
  } catch (error) {
    heard.letGo();
    socket.destroy();
    throw error;
  }
}

const wordOf = (part: string): string => decodeURIComponent(part);

async function byConnect(proxy: URL, { address, port }: TunnelEnd, heard: Heard): Promise<void> {
  const target = `${isIPv4(address) ? address : `[${address}]`}:${port}`;
  const words = `${wordOf(proxy.username)}:${wordOf(proxy.password)}`;
  const authorization = words === ':' ? '' : `Proxy-Authorization: Basic ${Buffer.from(words).toString('base64')}\r\n`;
  heard.say(Buffer.from(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`));
  const head = await heard.until('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === '407') throw new ProxyError('PROXY_AUTH_FAILED');
  if (!status?.startsWith('2')) throw new ProxyError('PROXY_REFUSED');
}

async function bySocks(proxy: URL, { address, port }: TunnelEnd, heard: Heard): Promise<void> {
  const [user, password] = [Buffer.from(wordOf(proxy.username)), Buffer.from(wordOf(proxy.password))];
  const method = user.length > 0 ? 2 : 0;
  heard.say(Buffer.from([5, 1, method]));
  const [version, chosen] = await heard.take(2);
  if (version !== 5) throw new ProxyError('PROXY_REFUSED');
  if (chosen !== method) throw new ProxyError('PROXY_AUTH_FAILED');
  if (method === 2) {
    heard.say(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
    if ((await heard.take(2))[1] !== 0) throw new ProxyError('PROXY_AUTH_FAILED');
  }
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  heard.say(
    Buffer.concat([Buffer.from([5, 1, 0, bytes.length === 4 ? 1 : 4]), bytes, Buffer.from([port >> 8, port & 255])]),
  );
  const [, reply, , kind] = await heard.take(4);
  if (reply !== 0) throw new ProxyError('PROXY_REFUSED');
  // Where the proxy went out from, which nobody needs: an IPv4, an IPv6 or a name, and a port.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : Number((await heard.take(1))[0]);
  await heard.take(length + 2);
}

/** What the proxy says, byte for byte: what comes after its answer belongs to whoever takes the socket. */
class Heard {
  #wake: (() => void) | undefined;
  #failed: ProxyError | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onReadable = (): void => this.#wake?.();
  readonly #onGone = (): void =>
    this.#fail(
      this.#state === 'away' ? 'PROXY_UNREACHABLE' : this.#state === 'joined' ? 'PROXY_TLS_FAILED' : 'PROXY_REFUSED',
    );
  /** `joined`: connected, and TLS not yet agreed upon. */
  #state: 'away' | 'joined' | 'established' = 'away';

  constructor(
    private readonly socket: Socket,
    isTls: boolean,
    timeoutMs: number,
  ) {
    this.#timer = setTimeout(() => this.#fail('PROXY_TIMEOUT'), timeoutMs);
    // Stays: a socket that fails before somebody takes it must not end the process.
    socket.on('error', this.#onGone);
    socket.on('close', this.#onGone).on('end', this.#onGone).on('readable', this.#onReadable);
    socket.once('connect', () => (this.#state = 'joined'));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      this.#state = 'established';
      this.#wake?.();
    });
  }

  connected(): Promise<true> {
    return this.#wait(() => this.#state === 'established' || undefined);
  }

  say(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  async take(length: number): Promise<Buffer> {
    const bytes = await this.#wait(() => (this.socket.read(length) as Buffer | null) ?? undefined);
    // The last that came before it ended.
    if (bytes.length < length) throw new ProxyError('PROXY_REFUSED');
    return bytes;
  }

  /** What comes before, and with, this end. */
  async until(end: string): Promise<string> {
    let head = '';
    while (!head.endsWith(end)) {
      if (head.length > MAX_HEAD_BYTES) throw new ProxyError('PROXY_REFUSED');
      head += (await this.take(1)).toString('latin1');
    }
    return head;
  }

  letGo(): void {
    clearTimeout(this.#timer);
    this.socket.off('close', this.#onGone).off('end', this.#onGone).off('readable', this.#onReadable);
  }

  async #wait<Result>(look: () => Result | undefined): Promise<Result> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#failed) {
        clearTimeout(this.#timer);
        throw this.#failed;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #fail(code: ProxyError['code']): void {
    this.#failed ??= new ProxyError(code);
    this.#wake?.();
  }
}
