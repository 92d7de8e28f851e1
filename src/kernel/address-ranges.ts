// Which IP addresses lead to the public internet, and which lead somewhere a webhook must never reach. Refuses whatever it
// cannot read. IPv4 is open except for what is listed; IPv6 is closed except for 2000::/3, because new special blocks are
// carved out of the unassigned rest.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/** Why an address is refused. For logs of the operator: told to a customer, it maps the inside of the network. */
export type AddressRefusal =
  | 'not_an_address'
  | 'zone_id'
  | 'metadata'
  | 'this_network'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link_local'
  | 'site_local'
  | 'unique_local'
  | 'protocol_assignment'
  | 'documentation'
  | 'benchmarking'
  | 'anycast_service'
  | 'multicast'
  | 'reserved'
  | 'discard'
  | 'segment_routing'
  | 'v4_compatible'
  | 'v4_translated'
  | 'nat64_local'
  | 'teredo'
  | 'six_to_four'
  | 'isatap'
  | 'not_global_unicast';

/** A block of addresses in CIDR notation. */
export interface Network {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** Reads an address in its one plain spelling; `010.0.0.1`, `127.1`, `0x7f000001` and `[::1]` are none. */
function readAddress(text: string): IpAddress | undefined {
  // ipaddr.js alone would take octal, hex and short IPv4, and read `010.0.0.1` as 8.0.0.1 where other parsers say 10.0.0.1.
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return ipaddr.parse(text);
  // It also reads `::8.8.8.8` (v4-compatible) as `::ffff:8.8.8.8` (v4-mapped), so it gets hex groups only.
  return ipaddr.parse(
    text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
      const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    }),
  );
}

const covers = ({ address, prefixLength }: Network, candidate: IpAddress): boolean =>
  address.kind() === candidate.kind() && candidate.match(address, prefixLength);

/** The IPv4 address of a v4-mapped one (RFC 4291): on the wire there is only IPv4. */
const unmapped = (address: IpAddress): IpAddress =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;

/**
 * Reads a CIDR block such as `10.0.0.0/8`; a block of v4-mapped addresses is read as the IPv4 block inside.
 *
 * @throws Error whose message names the entry, where it is no block, or where bits beyond the prefix are set: `10.1.0.0/8`
 * opens 250 times more than it seems to say.
 */
export function parseNetwork(text: string): Network {
  const [, base = '', bits = ''] = /^([^/%]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = readAddress(base);
  const prefixLength = Number(bits);
  if (!address || prefixLength > (address.kind() === 'ipv4' ? 32 : 128)) {
    throw new Error(`"${text}" is not a network in CIDR notation, such as 10.0.0.0/8 or fd00::/8.`);
  }
  const first = ipaddr.fromByteArray(
    address.toByteArray().map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixLength - 8 * index)))),
  );
  if (first.toNormalizedString() !== address.toNormalizedString()) {
    throw new Error(`"${text}" has bits set beyond its prefix; write ${first.toString()}/${prefixLength}.`);
  }
  const inner = unmapped(first);
  return inner !== first && prefixLength >= 96
    ? { address: inner, prefixLength: prefixLength - 96 }
    : { address: first, prefixLength };
}

/** Whether an address lies in one of the blocks; a v4-mapped one is the IPv4 address inside, what cannot be read is in none. */
export function isWithin(text: string, networks: readonly Network[]): boolean {
  const address = readAddress(text);
  return address !== undefined && networks.some((network) => covers(network, unmapped(address)));
}

/**
 * What counts as one address where addresses are counted: an IPv4 address, or the /64 that a network of IPv6 hands out, since
 * one machine has all of it. What cannot be read counts as itself.
 */
export function addressBlock(text: string): string {
  const read = readAddress(text);
  if (!read) return text;
  const address = unmapped(read);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString();
}

type Range = readonly [cidr: string, refusal: AddressRefusal];
const table = (ranges: readonly Range[]) => ranges.map(([cidr, refusal]) => ({ ...parseNetwork(cidr), refusal }));

// Where clouds hand out credentials to whoever can send a GET. No setting opens these.
const METADATA = table([
  ['169.254.169.254/32', 'metadata'], // AWS, Google Cloud, Azure, DigitalOcean, Oracle and most others
  ['169.254.170.2/32', 'metadata'], // AWS ECS task credentials
  ['169.254.170.23/32', 'metadata'], // AWS EKS pod identity
  ['168.63.129.16/32', 'metadata'], // Azure WireServer: a public address by every registry
  ['100.100.100.200/32', 'metadata'], // Alibaba Cloud
  ['192.0.0.192/32', 'metadata'], // Oracle Cloud, classic
  ['fd00:ec2::254/128', 'metadata'], // AWS over IPv6
  ['fd00:ec2::23/128', 'metadata'], // AWS EKS pod identity over IPv6
  ['fd20:ce::254/128', 'metadata'], // Google Cloud over IPv6
]);

// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), multicast (RFC 5771) and class E (RFC 1112).
// Blocks marked globally reachable there but serving no web server (AS112, AMT, 6to4 relays) are refused too.
const IPV4 = table([
  ['0.0.0.0/8', 'this_network'], // RFC 791; Linux connects 0.0.0.0 to loopback
  ['10.0.0.0/8', 'private'], // RFC 1918
  ['100.64.0.0/10', 'shared'], // RFC 6598, carrier-grade NAT
  ['127.0.0.0/8', 'loopback'], // RFC 1122
  ['169.254.0.0/16', 'link_local'], // RFC 3927
  ['172.16.0.0/12', 'private'], // RFC 1918
  ['192.0.0.0/24', 'protocol_assignment'], // RFC 6890
  ['192.0.2.0/24', 'documentation'], // RFC 5737
  ['192.31.196.0/24', 'anycast_service'], // RFC 7535, AS112
  ['192.52.193.0/24', 'anycast_service'], // RFC 7450, AMT
  ['192.88.99.0/24', 'anycast_service'], // RFC 7526, 6to4 relays
  ['192.168.0.0/16', 'private'], // RFC 1918
  ['192.175.48.0/24', 'anycast_service'], // RFC 7534, AS112
  ['198.18.0.0/15', 'benchmarking'], // RFC 2544
  ['198.51.100.0/24', 'documentation'], // RFC 5737
  ['203.0.113.0/24', 'documentation'], // RFC 5737
  ['224.0.0.0/4', 'multicast'], // RFC 5771
  ['240.0.0.0/4', 'reserved'], // RFC 1112 class E, and limited broadcast (RFC 919)
]);

// IANA IPv6 Special-Purpose Address Registry. The first that covers decides. What lies outside 2000::/3 would be refused
// without being listed; the lines give the logs a better word.
const IPV6 = table([
  ['::/128', 'unspecified'], // RFC 4291
  ['::1/128', 'loopback'], // RFC 4291
  ['::/96', 'v4_compatible'], // RFC 4291, deprecated
  ['::ffff:0:0:0/96', 'v4_translated'], // RFC 2765, SIIT
  ['64:ff9b:1::/48', 'nat64_local'], // RFC 8215: where the IPv4 sits inside is the network's own choice
  ['100::/64', 'discard'], // RFC 6666
  ['100:0:0:1::/64', 'discard'], // RFC 9780, dummy prefix
  ['2001::/32', 'teredo'], // RFC 4380
  ['2001::/23', 'protocol_assignment'], // RFC 2928: benchmarking, AMT, AS112, ORCHID, drone ids
  ['2001:db8::/32', 'documentation'], // RFC 3849
  ['2002::/16', 'six_to_four'], // RFC 3056
  ['2620:4f:8000::/48', 'anycast_service'], // RFC 7534, AS112
  ['3ffe::/16', 'reserved'], // RFC 3701, the returned 6bone
  ['3fff::/20', 'documentation'], // RFC 9637
  ['5f00::/16', 'segment_routing'], // RFC 9602
  ['fc00::/7', 'unique_local'], // RFC 4193
  ['fe80::/10', 'link_local'], // RFC 4291
  ['fec0::/10', 'site_local'], // RFC 3879, deprecated
  ['ff00::/8', 'multicast'], // RFC 4291
]);

const GLOBAL_UNICAST = parseNetwork('2000::/3'); // RFC 4291 and IANA's IPv6 address space: all that was ever given out
const NAT64 = parseNetwork('64:ff9b::/96'); // RFC 6052

// Blocks whose addresses carry an IPv4 address, from which byte on.
const EMBEDDING: readonly { within: Network; from: number; inverted?: boolean }[] = [
  { within: NAT64, from: 12 },
  { within: parseNetwork('::/96'), from: 12 },
  { within: parseNetwork('::ffff:0:0:0/96'), from: 12 },
  { within: parseNetwork('64:ff9b:1::/48'), from: 12 },
  { within: parseNetwork('2002::/16'), from: 2 },
  { within: parseNetwork('2001::/32'), from: 12, inverted: true },
];

/** RFC 5214: an interface id of 0:5efe or 200:5efe and an IPv4 address, under any prefix. */
const isIsatap = ({ parts }: ipaddr.IPv6): boolean => (parts[4]! & 0xfcff) === 0 && parts[5] === 0x5efe;

function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const form =
    EMBEDDING.find(({ within }) => covers(within, address)) ?? (isIsatap(address) ? { from: 12 } : undefined);
  if (!form) return undefined;
  const bytes = address.toByteArray().slice(form.from, form.from + 4);
  return new ipaddr.IPv4('inverted' in form && form.inverted ? bytes.map((byte) => byte ^ 0xff) : bytes);
}

/**
 * Why an address is refused; `undefined` where it may be reached. `opened` opens exactly the blocks it lists, except for
 * addresses of cloud metadata, which stay closed in every form.
 *
 * A v4-mapped address (RFC 4291) and one of the well-known NAT64 prefix (RFC 6052) are judged as the IPv4 inside: networks
 * with DNS64 reach the whole IPv4 internet that way. A NAT64 prefix of a network's own choosing looks like any other global
 * prefix: an operator who runs one must keep it from reaching private IPv4.
 */
export function refuseAddress(text: string, opened: readonly Network[]): AddressRefusal | undefined {
  // A zone id picks a network interface of ours, which no remote party may do.
  if (text.includes('%')) return 'zone_id';
  const read = readAddress(text);
  if (!read) return 'not_an_address';
  const address = unmapped(read);
  const embedded = address instanceof ipaddr.IPv6 ? embeddedIpv4(address) : undefined;
  const forms = embedded ? [address, embedded] : [address];
  if (METADATA.some((range) => forms.some((form) => covers(range, form)))) return 'metadata';

  const judged = embedded && covers(NAT64, address) ? embedded : address;
  if (opened.some((network) => covers(network, address) || covers(network, judged))) return undefined;
  if (judged instanceof ipaddr.IPv4) return IPV4.find((range) => covers(range, judged))?.refusal;
  const listed = IPV6.find((range) => covers(range, judged))?.refusal;
  if (listed) return listed;
  if (isIsatap(judged)) return 'isatap';
  return covers(GLOBAL_UNICAST, judged) ? undefined : 'not_global_unicast';
}
