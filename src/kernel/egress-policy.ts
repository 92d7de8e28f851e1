// Where webhooks may be sent. One policy judges the URL at registration, every address a name resolves to, and the address
// of the connected peer, so that no spelling passes one door and not another. It does no I/O and refuses what it cannot read.
import { isIP } from 'node:net';
import { type AddressRefusal, type Network, parseNetwork, refuseAddress } from './address-ranges.js';

/** The longest URL accepted, in characters. */
export const MAX_URL_LENGTH = 2_048;

/** What the operator opens. */
interface EgressSettings {
  /** Accept `http:` beside `https:`. */
  allowHttp: boolean;
  /** CIDR blocks opened although they are not public, such as `10.20.0.0/16`. Cloud metadata addresses stay closed. */
  allowNetworks: readonly string[];
}

/** The refusals of a URL as the API states them. */
export type UrlError = 'Invalid URL' | 'HTTPS required' | 'URL not allowed';

/** Why a host is refused. */
type HostRefusal = AddressRefusal | 'bad_name' | 'single_label' | 'special_name';

/** Why a URL is refused; `forbidden_address` is the one word for a name, whatever it resolves to. */
type UrlRefusal =
  | 'too_long'
  | 'whitespace'
  | 'control_character'
  | 'backslash'
  | 'not_absolute'
  | 'scheme'
  | 'userinfo'
  | 'fragment'
  | 'port_zero'
  | 'forbidden_address'
  | HostRefusal;

type AddressVerdict = { ok: true } | { ok: false; reason: AddressRefusal };
/** `literal` is the address, without brackets, where the host is one; without it the host is a name, still to be resolved. */
type HostVerdict = { ok: true; literal?: string } | { ok: false; reason: HostRefusal };
/** A URL's verdict; `literal` as in {@link HostVerdict}. */
export type UrlVerdict = { ok: true; url: URL; literal?: string } | { ok: false; error: UrlError; reason: UrlRefusal };

// Names that never mean a host on the internet. An early, clear refusal only: what protects is the check of the addresses.
const SPECIAL_NAMES = [
  'localhost', // RFC 6761
  'localdomain', // localhost.localdomain, of many /etc/hosts files
  'local', // RFC 6762, and Kubernetes' cluster.local
  'internal', // reserved by ICANN in 2024; host.docker.internal, metadata.google.internal
  'svc', // Kubernetes: <service>.<namespace>.svc
  'kubernetes.default', // the API server, by Kubernetes' search domains
];

const LABEL = /^[a-z0-9_-]{1,63}$/;

/**
 * Judges URLs, hosts and addresses (SSRF: CWE-918, OWASP API7:2023). A name passes `checkUrl` before it is resolved: whoever
 * connects must put every resolved address, and the peer's address once connected, to `checkAddress`.
 */
export class EgressPolicy {
  readonly #allowHttp: boolean;
  readonly #opened: readonly Network[];

  /** @throws Error naming the entry of `allowNetworks` that is no CIDR block. */
  constructor(settings: EgressSettings) {
    this.#allowHttp = settings.allowHttp;
    this.#opened = settings.allowNetworks.map(parseNetwork);
  }

  /** Judges a URL's text. */
  checkUrl(text: string): UrlVerdict {
    const invalid = (reason: UrlRefusal) => ({ ok: false, error: 'Invalid URL', reason }) as const;
    const forbidden = (reason: UrlRefusal) => ({ ok: false, error: 'URL not allowed', reason }) as const;

    // The WHATWG parser mends all of this in silence, and other parsers mend it otherwise: a URL must read one way only.
    if (text.length > MAX_URL_LENGTH) return invalid('too_long');
    if (text !== text.trim()) return invalid('whitespace');
    if (/\p{Cc}/u.test(text)) return invalid('control_character');
    if (!URL.canParse(text)) return invalid('not_absolute');
    const url = new URL(text);
    if (!this.allowsScheme(url.protocol)) return { ok: false, error: 'HTTPS required', reason: 'scheme' };
    if (text.includes('\\')) return invalid('backslash');
    const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
    if (authority === undefined) return invalid('not_absolute');

    // `https://@host/` and `https://host/#` lose their empty parts in parsing, hence the look at the text.
    if (authority.includes('@')) return forbidden('userinfo');
    if (text.includes('#')) return forbidden('fragment');
    if (url.port === '0') return forbidden('port_zero');
    const host = this.checkHost(url.hostname);
    return host.ok ? { ...host, url } : forbidden(host.reason);
  }

  /** True for `https:`, and for `http:` where the settings allow it. */
  allowsScheme(protocol: string): boolean {
    return protocol === 'https:' || (this.#allowHttp && protocol === 'http:');
  }

  /**
   * Judges a host as the WHATWG parser leaves it in `url.hostname`, where decimal, octal, hex, percent-encoded and full-width
   * spellings of IPv4 have become dotted decimal. Raw text must go through {@link checkUrl}.
   */
  checkHost(hostname: string): HostVerdict {
    const bare = /^\[(.+)\]$/.exec(hostname)?.[1] ?? hostname;
    if (isIP(bare) === 0) {
      const reason = refuseName(hostname);
      return reason ? { ok: false, reason } : { ok: true };
    }
    const verdict = this.checkAddress(bare);
    return verdict.ok ? { ok: true, literal: bare } : verdict;
  }

  /** Judges one address, without brackets: a literal, an answer of the DNS, or a connected peer. */
  checkAddress(ip: string): AddressVerdict {
    const reason = refuseAddress(ip, this.#opened);
    return reason ? { ok: false, reason } : { ok: true };
  }
}

function refuseName(hostname: string): HostRefusal | undefined {
  // One trailing dot only makes a name absolute; `localhost.` is `localhost`.
  const name = hostname.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length > 253 || !labels.every((label) => LABEL.test(label))) return 'bad_name';
  // getaddrinfo reads `127.1` and `0x7f.1` as loopback. The WHATWG parser lets no such name through; other callers might.
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return 'bad_name';
  if (SPECIAL_NAMES.some((special) => name === special || name.endsWith(`.${special}`))) return 'special_name';
  // A single label is completed from the search domains of our own network (and no top-level domain serves webhooks).
  return labels.length === 1 ? 'single_label' : undefined;
}
