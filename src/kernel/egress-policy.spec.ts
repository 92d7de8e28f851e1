import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EgressPolicy, MAX_URL_LENGTH, type UrlError } from './egress-policy.js';

const strict = new EgressPolicy({ allowHttp: false, allowNetworks: [] });
const withHttp = new EgressPolicy({ allowHttp: true, allowNetworks: [] });
const opening = (...allowNetworks: string[]) => new EgressPolicy({ allowHttp: true, allowNetworks });

const FORBIDDEN: Record<string, string[]> = {
  this_network: ['0.0.0.0', '0.0.0.1', '0.255.255.255', '::ffff:0.0.0.0'],
  unspecified: ['::', '0:0:0:0:0:0:0:0'],
  loopback: [
    ...['127.0.0.0', '127.0.0.1', '127.1.2.3', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1', '::0001'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:7F00:0001', '0:0:0:0:0:ffff:127.0.0.1'],
    ...['64:ff9b::127.0.0.1', '64:ff9b::7f00:1', '0064:ff9b:0:0:0:0:7f00:0001'],
  ],
  private: [
    ...['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
    ...['::ffff:10.0.0.1', '::ffff:c0a8:101', '64:ff9b::10.0.0.1', '64:ff9b::ac10:1'],
  ],
  shared: ['100.64.0.0', '100.127.255.255', '::ffff:100.64.0.1'],
  link_local: [
    '169.254.0.0',
    '169.254.0.1',
    '169.254.255.255',
    'fe80::',
    'fe80::1',
    'febf:ffff::1',
    '::ffff:169.254.1.1',
  ],
  zone_id: ['fe80::1%eth0', 'fe80::1%1', '::1%lo', '2606:4700:4700::1111%eth0'],
  metadata: [
    ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '168.63.129.16', '100.100.100.200', '192.0.0.192'],
    ...['fd00:ec2::254', 'fd00:ec2:0:0:0:0:0:254', 'fd00:ec2::23', 'fd20:ce::254'],
    ...[
      '::ffff:169.254.169.254',
      '::ffff:a9fe:a9fe',
      '::ffff:168.63.129.16',
      '64:ff9b::a9fe:a9fe',
      '64:ff9b::a83f:8110',
    ],
    ...['::a9fe:a9fe', '::ffff:0:a9fe:a9fe', '2002:a9fe:a9fe::1', '64:ff9b:1::a9fe:a9fe', '2001::5601:5601'],
    ...['2606:4700::5efe:a9fe:a9fe'],
  ],
  protocol_assignment: [
    '192.0.0.0',
    '192.0.0.9',
    '192.0.0.255',
    '2001:1::1',
    '2001:2::1',
    '2001:20::1',
    '2001:1ff:ffff::1',
  ],
  documentation: [
    ...['192.0.2.0', '192.0.2.255', '198.51.100.1', '203.0.113.0', '203.0.113.255'],
    ...['2001:db8::1', '2001:db8:ffff::1', '3fff::1', '3fff:fff:ffff::1'],
  ],
  benchmarking: ['198.18.0.0', '198.19.255.255'],
  anycast_service: ['192.31.196.1', '192.52.193.1', '192.88.99.1', '192.175.48.1', '2620:4f:8000::1'],
  multicast: ['224.0.0.0', '224.0.0.1', '239.255.255.255', 'ff00::', 'ff02::1', 'ffff:ffff::1'],
  reserved: ['240.0.0.0', '255.255.255.254', '255.255.255.255', '3ffe::1', '3ffe:ffff::1'],
  v4_compatible: ['::2', '::7f00:1', '::127.0.0.1', '::808:808', '::8.8.8.8', '0:0:0:0:0:0:8.8.8.8'],
  v4_translated: ['::ffff:0:7f00:1', '::ffff:0:127.0.0.1', '::ffff:0:808:808'],
  nat64_local: ['64:ff9b:1::1', '64:ff9b:1::808:808', '64:ff9b:1:ffff::7f00:1'],
  teredo: ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  six_to_four: ['2002::1', '2002:7f00:1::1', '2002:808:808::1'],
  isatap: ['2606:4700::5efe:7f00:1', '2606:4700::200:5efe:a00:1', '2a00:1450:4001:800:0:5efe:8.8.8.8'],
  discard: ['100::', '100::1', '100:0:0:1::1'],
  segment_routing: ['5f00::1', '5f00:ffff::1'],
  unique_local: ['fc00::', 'fc00::1', 'fd00::1', 'fdff:ffff::1'],
  site_local: ['fec0::1', 'feff::1'],
  not_global_unicast: [
    '1::1',
    '64:ff9a::1',
    '64:ff9b:2::1',
    '64:ff9b::1:0:0',
    '100:0:0:2::1',
    '1fff:ffff::1',
    '4000::1',
    'fbff::1',
    'fe00::1',
  ],
  not_an_address: [
    ...[
      '',
      ' ',
      'localhost',
      'example.com',
      '127.1',
      '0',
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '010.0.0.1',
      '8.8.8.08',
    ],
    ...[
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '[::1]',
      '[2606:4700::1]',
      '8.8.8.8:80',
      '8.8.8.8 ',
      '8.8.8.8/32',
      ':::1',
      '1::2::3',
      '12345::',
    ],
  ],
};

// The neighbours of every forbidden block, and some well-known servers.
const REACHABLE = [
  ...['1.0.0.0', '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '168.63.129.15', '168.63.129.17', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['191.255.255.255', '192.0.1.0', '192.0.1.255', '192.0.3.0', '192.31.195.255', '192.31.197.0', '192.52.192.255'],
  ...[
    '192.52.194.0',
    '192.88.98.255',
    '192.88.100.0',
    '192.167.255.255',
    '192.169.0.0',
    '192.175.47.255',
    '192.175.49.0',
  ],
  ...[
    '198.17.255.255',
    '198.20.0.0',
    '198.51.99.255',
    '198.51.101.0',
    '203.0.112.255',
    '203.0.114.0',
    '223.255.255.255',
  ],
  ...[
    '2000::',
    '2000::1',
    '2001:200::',
    '2001:200::1',
    '2001:db7:ffff::1',
    '2001:db9::1',
    '2001:4860:4860::8888',
    '2003::1',
  ],
  ...[
    '2606:4700:4700::1111',
    '2620:4f:7fff::1',
    '2620:4f:8001::1',
    '2a00:1450:4001:800::200e',
    '3ffd:ffff::1',
    '3fff:1000::1',
  ],
  ...['2606:4700::5eff:7f00:1', '2606:4700::400:5efe:7f00:1', '2606:4700::1:5efe:7f00:1'],
  // The IPv4 inside is judged: networks with DNS64 reach everything this way (Svix refuses the NAT64 form, Convoy and Hook0 allow it).
  ...['::ffff:8.8.8.8', '::ffff:808:808', '::ffff:100.63.255.255', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
];

describe('an address', () => {
  const forbidden = Object.entries(FORBIDDEN).flatMap(([reason, addresses]) => addresses.map((ip) => ({ ip, reason })));

  it.each(forbidden)('$ip is refused as $reason', ({ ip, reason }) => {
    expect(strict.checkAddress(ip)).toEqual({ ok: false, reason });
  });

  it.each(REACHABLE)('%s is public and may be reached', (ip) => {
    expect(strict.checkAddress(ip)).toEqual({ ok: true });
  });

  it('gets the verdict of its IPv4 when it is v4-mapped or of the well-known NAT64 prefix', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        expect(strict.checkAddress(`::ffff:${ip}`)).toEqual(strict.checkAddress(ip));
        expect(strict.checkAddress(`64:ff9b::${ip}`)).toEqual(strict.checkAddress(ip));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused when it lies outside 2000::/3 and holds no public IPv4, whatever it is', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const first = Number.parseInt(ip.startsWith('::') ? '0' : ip, 16);
        fc.pre(first < 0x2000 || first > 0x3fff);
        fc.pre(!/^(::ffff:|64:ff9b:)/i.test(ip) && first !== 0);
        expect(strict.checkAddress(ip).ok).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never makes the policy throw, however it is spelled', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(strict.checkAddress(text).ok).toBe(false);
      }),
    );
  });
});

const NOT_ALLOWED: Record<string, string[]> = {
  loopback: [
    ...['http://127.0.0.1/', 'https://127.0.0.1:8443/hook', 'http://127.1/', 'http://127.0.1/', 'http://2130706433/'],
    ...[
      'http://0x7f000001/',
      'http://0x7f.0x0.0x0.0x1/',
      'http://0x7F.1/',
      'http://017700000001/',
      'http://0177.0.0.1/',
    ],
    ...[
      'http://0177.0.0.01/',
      'http://127.0.0.1./',
      'http://%31%32%37.0.0.1/',
      'http://127%2e0%2e0%2e1/',
      'http://１２７.０.０.１/',
    ],
    ...[
      'http://①②⑦.⓪.⓪.①/',
      'http://127。0。0。1/',
      'http://127．0．0．1/',
      'http://127.0.0.1:80/',
      'HTTP://127.0.0.1/',
    ],
    ...[
      'http://[::1]/',
      'http://[0:0:0:0:0:0:0:1]/',
      'http://[::ffff:127.0.0.1]/',
      'http://[::ffff:7f00:1]/',
      'http://[64:ff9b::127.0.0.1]/',
    ],
  ],
  this_network: ['http://0.0.0.0/', 'http://0/', 'http://0x0/', 'http://00000/', 'http://[::ffff:0.0.0.0]/'],
  unspecified: ['http://[::]/'],
  metadata: [
    ...[
      'http://169.254.169.254/latest/meta-data/',
      'http://2852039166/',
      'http://0xa9fea9fe/',
      'http://0xA9.0xFE.0xA9.0xFE/',
    ],
    ...[
      'http://0251.0376.0251.0376/',
      'http://169.254.43518/',
      'http://[::ffff:169.254.169.254]/',
      'http://[fd00:ec2::254]/',
    ],
    ...['http://168.63.129.16/', 'http://100.100.100.200/', 'http://169.254.170.2/v2/credentials'],
  ],
  private: [
    'https://10.0.0.1/',
    'https://192.168.1.1/admin',
    'https://172.16.0.1/',
    'https://[::ffff:10.0.0.1]/',
    'http://0xa.1/',
  ],
  unique_local: ['https://[fd12:3456::1]/'],
  link_local: ['https://[fe80::1]/'],
  v4_compatible: ['http://[::127.0.0.1]/'],
  v4_translated: ['http://[::ffff:0:127.0.0.1]/'],
  six_to_four: ['http://[2002:7f00:1::]/'],
  reserved: ['http://255.255.255.255/', 'http://4294967295/'],
  special_name: [
    ...[
      'https://localhost/',
      'https://LOCALHOST:8443/',
      'https://localhost./',
      'https://%6cocalhost/',
      'https://lo\u00adcalhost/',
    ],
    ...['https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/', 'https://a.localhost/', 'https://a.b.localhost./', 'https://localhost.localdomain/'],
    ...[
      'https://localhost.localdomain./',
      'https://host.docker.internal/',
      'https://metadata.google.internal/computeMetadata/',
    ],
    ...[
      'https://metadata.google.internal./',
      'https://instance-data.ec2.internal/',
      'https://db.internal/',
      'https://printer.local/',
    ],
    ...[
      'https://printer.local./',
      'https://kubernetes.default/',
      'https://kubernetes.default.svc/',
      'https://redis.prod.svc/',
    ],
    ...['https://kubernetes.default.svc.cluster.local/', 'https://api.prod.svc.cluster.local./'],
  ],
  single_label: [
    ...[
      'https://ip6-localhost/',
      'https://ip6-loopback/',
      'https://intranet/',
      'https://redis:6379/',
      'https://metadata/',
    ],
    ...['https://instance-data/latest', 'https://kubernetes/', 'https://com./', 'https://intranet./'],
  ],
  bad_name: [
    ...[
      'https://a..example.com/',
      'https://.example.com/',
      'https://example.com../',
      'https://localhost../',
      'https://*.example.com/',
    ],
    ...[
      `https://${'a'.repeat(64)}.example.com/`,
      `https://${'abcdefg.'.repeat(32)}com/`,
      'https://foo!bar.com/',
      "https://a'b.example.com/",
    ],
  ],
  userinfo: [
    ...[
      'https://user:pass@example.com/',
      'https://user@example.com/',
      'https://:pass@example.com/',
      'https://@example.com/',
    ],
    ...[
      'https://:@example.com/',
      'https://example.com@127.0.0.1/',
      'https://example.com:80@127.0.0.1/',
      'https://127.0.0.1@example.com/',
    ],
    ...['https://user%40example.com@127.0.0.1/', 'https://a@b@example.com/'],
  ],
  fragment: [
    'https://example.com/#top',
    'https://example.com/#',
    'https://example.com/?a=b#@127.0.0.1',
    'https://example.com#@127.0.0.1/',
  ],
  port_zero: ['https://example.com:0/', 'https://example.com:00000/'],
};

const INVALID: Record<string, string[]> = {
  not_absolute: [
    ...[
      '',
      'example.com',
      'example.com/hook',
      '/hook',
      '//example.com/hook',
      '?a=b',
      '#a',
      'https://',
      'https:',
      'https://?a=b',
      'http://:80/',
    ],
    ...[
      'https:example.com',
      'https:/example.com',
      'https:///example.com/',
      'https:////example.com/',
      'https://example.com:65536/',
    ],
    ...[
      'https://example.com:port/',
      'https://1.2.3.4.5/',
      'https://256.1.1.1/',
      'https://8.8.8.08/',
      'https://[::1/',
      'https://[fe80::1%25eth0]/',
    ],
    ...[
      'https://[::1%eth0]/',
      'https://[1.2.3.4]/',
      'https://exa mple.com/',
      'https://example.com%40127.0.0.1/',
      'https://a%00b.example.com/',
    ],
    ...[
      'https://example.com＠127.0.0.1/',
      'https://example.com:-1/',
      'https://xn--a.example.com/',
      'https://a%2fb.example.com/',
    ],
  ],
  whitespace: [
    ' https://example.com/',
    'https://example.com/ ',
    '\thttps://example.com/',
    'https://example.com/\n',
    '\u00a0https://example.com/',
    ' ',
  ],
  control_character: [
    ...[
      'https://example.com/a\r\nHost: b',
      'https://example.com/a\tb',
      'ht\ntps://example.com/',
      'https://exam\tple.com/',
    ],
    ...[
      'https://example.com/a\0b',
      'https://example.com/?a=\0',
      'https://127.0.0.1\t/',
      'https://example.com/a\u007fb',
      'https://example.com/a\u0085b',
    ],
  ],
  backslash: [
    ...[
      'https:\\\\example.com\\',
      'https:/\\example.com/',
      'https://127.0.0.1\\@example.com/',
      'https://example.com\\@127.0.0.1/',
    ],
    'https://example.com/a\\b',
  ],
  too_long: [`https://example.com/${'a'.repeat(10_000)}`, `https://example.com/${'a'.repeat(MAX_URL_LENGTH - 19)}`],
};

const OTHER_SCHEMES = [
  ...[
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'data:text/plain,a',
    'javascript:alert(1)',
    'ws://example.com/',
  ],
  ...[
    'wss://example.com/',
    'unix:/var/run/docker.sock',
    'http+unix://%2fvar%2frun/',
    'ldap://127.0.0.1/',
    'blob:https://example.com/a',
  ],
  ...['mailto:a@example.com', 'localhost:3000', 'about:blank'],
];

const ALLOWED = [
  ...[
    'https://example.com',
    'https://example.com/',
    'HTTPS://EXAMPLE.COM/Hook',
    'https://example.com./',
    'https://hooks.example.com:8443/a/b?c=d&e',
  ],
  ...[
    'https://example.com:/',
    'https://example.com:1/',
    'https://example.com:080/',
    'https://example.com:65535/',
    'https://8.8.8.8/hook',
  ],
  ...[
    'https://134744072/',
    'https://[2606:4700:4700::1111]:8443/',
    'https://[::ffff:8.8.8.8]/',
    'https://[64:ff9b::808:808]/',
    'https://100.63.255.255/',
  ],
  ...[
    'https://тест.foo.com/',
    'https://xn--e1aybc.foo.com/',
    'https://faß.de/',
    'https://cafe\u0301.example.com/',
    'https://my_service.example.com/',
  ],
  ...[
    'https://example.com/a%0d%0ab',
    'https://example.com/путь?q=é',
    'https://example.com/a@b',
    'https://example.com/?u=https://127.0.0.1/',
  ],
  ...[
    'https://localhost.example.com/',
    'https://internal.example.com/',
    'https://mylocalhost.com/',
    'https://notlocal.internals.com/',
    'https://127.0.0.1.nip.io/',
  ],
  ...[`https://${'a'.repeat(63)}.example.com/`, `https://example.com/${'a'.repeat(MAX_URL_LENGTH - 20)}`],
];

const rows = (cases: Record<string, string[]>) =>
  Object.entries(cases).flatMap(([reason, urls]) =>
    urls.map((url) => ({ url, reason, shown: JSON.stringify(url.length > 90 ? `${url.slice(0, 90)}…` : url) })),
  );

const refusal = (error: UrlError, reason: string) => ({ ok: false, error, reason });

describe('a URL', () => {
  it.each(rows(NOT_ALLOWED))('$shown is not allowed, for $reason', ({ url, reason }) => {
    expect(withHttp.checkUrl(url)).toEqual(refusal('URL not allowed', reason));
  });

  it.each(rows(INVALID))('$shown is invalid, for $reason', ({ url, reason }) => {
    expect(withHttp.checkUrl(url)).toEqual(refusal('Invalid URL', reason));
  });

  it.each(OTHER_SCHEMES)('%s is refused for its scheme, with and without HTTP', (url) => {
    expect(strict.checkUrl(url)).toEqual(refusal('HTTPS required', 'scheme'));
    expect(withHttp.checkUrl(url)).toEqual(refusal('HTTPS required', 'scheme'));
  });

  it('of http is accepted only by setting', () => {
    expect(strict.checkUrl('http://example.com/')).toEqual(refusal('HTTPS required', 'scheme'));
    expect(withHttp.checkUrl('http://example.com/').ok).toBe(true);
  });

  it.each(ALLOWED.map((url) => ({ url, shown: url.slice(0, 90) })))('$shown is allowed', ({ url }) => {
    expect(strict.checkUrl(url)).toMatchObject({ ok: true });
  });

  it('with a literal host comes back with its address, without brackets and in plain spelling', () => {
    expect(strict.checkUrl('https://0x8.8.8.8/')).toMatchObject({ ok: true, literal: '8.8.8.8' });
    expect(strict.checkUrl('https://[2606:4700:0::1111]/')).toMatchObject({ ok: true, literal: '2606:4700::1111' });
  });

  it('with a name comes back without an address, for the name is still to be resolved', () => {
    expect(strict.checkUrl('https://example.com/a')).toEqual({ ok: true, url: new URL('https://example.com/a') });
  });

  it('keeps an encoded line break encoded', () => {
    const verdict = strict.checkUrl('https://example.com/a%0d%0ab?c=%0a');
    expect(verdict.ok && verdict.url.href).toBe('https://example.com/a%0d%0ab?c=%0a');
  });

  it('never makes the policy throw, however it is spelled', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `https://${text}`),
          fc.webUrl(),
        ),
        (text) => {
          expect(typeof withHttp.checkUrl(text).ok).toBe('boolean');
        },
      ),
    );
  });
});

describe('a host that did not come through the URL parser', () => {
  it.each([
    '127.1',
    '0',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '1.2.3.4.5',
    '',
    '.',
    'a b.com',
    'a/b.com',
    'fe80::1%eth0',
    '[::1]',
    '::1',
  ])('%s is refused', (host) => {
    expect(strict.checkHost(host).ok).toBe(false);
  });
});

describe('a network that the operator opens', () => {
  it('is open in every spelling of its addresses, and its neighbours stay closed', () => {
    const policy = opening('127.0.0.0/8', '10.20.0.0/16');
    for (const ip of [
      '127.0.0.1',
      '127.255.255.255',
      '10.20.0.0',
      '10.20.255.255',
      '::ffff:127.0.0.1',
      '64:ff9b::10.20.0.1',
    ]) {
      expect([ip, policy.checkAddress(ip)]).toEqual([ip, { ok: true }]);
    }
    for (const ip of [
      '10.19.255.255',
      '10.21.0.0',
      '192.168.0.1',
      '::1',
      '::7f00:1',
      '2002:7f00:1::1',
      '::ffff:10.21.0.0',
      '0.0.0.0',
    ]) {
      expect([ip, policy.checkAddress(ip).ok]).toEqual([ip, false]);
    }
    expect(policy.checkUrl('http://127.1:8080/hook')).toMatchObject({ ok: true, literal: '127.0.0.1' });
  });

  it('may be of IPv6', () => {
    const policy = opening('fd12:3456::/32', '::1/128');
    expect(policy.checkAddress('fd12:3456:ffff::1').ok).toBe(true);
    expect(policy.checkAddress('fd12:3457::1').ok).toBe(false);
    expect(policy.checkAddress('::1').ok).toBe(true);
    expect(policy.checkAddress('127.0.0.1').ok).toBe(false);
  });

  it('opens the IPv4 block when it is written v4-mapped', () => {
    const policy = opening('::ffff:10.0.0.0/104');
    expect(policy.checkAddress('10.1.2.3').ok).toBe(true);
    expect(policy.checkAddress('::ffff:10.1.2.3').ok).toBe(true);
    expect(policy.checkAddress('11.1.2.3').ok).toBe(true);
    expect(policy.checkAddress('192.168.0.1').ok).toBe(false);
  });

  it('opens no IPv4 when it is all of IPv6, not even v4-mapped', () => {
    expect(opening('::/0').checkAddress('::ffff:10.0.0.1').ok).toBe(false);
    expect(opening('::/0').checkAddress('10.0.0.1').ok).toBe(false);
    expect(opening('::/0').checkAddress('fe80::1').ok).toBe(true);
  });

  it.each(FORBIDDEN.metadata!)('never opens %s, a metadata address', (ip) => {
    const policy = opening('0.0.0.0/0', '::/0', '169.254.169.254/32', 'fd00:ec2::254/128', '64:ff9b::/96');
    expect(policy.checkAddress(ip)).toEqual({ ok: false, reason: 'metadata' });
  });

  it('never opens a zone id or what is no address', () => {
    expect(opening('::/0').checkAddress('fe80::1%eth0').ok).toBe(false);
    expect(opening('0.0.0.0/0').checkAddress('127.1').ok).toBe(false);
  });

  it('leaves the special names closed: loopback is written 127.0.0.1', () => {
    const policy = opening('127.0.0.0/8', '::1/128');
    for (const url of ['http://localhost:3000/', 'http://a.localhost/', 'http://db.internal/', 'http://redis/']) {
      expect(policy.checkUrl(url)).toMatchObject({ ok: false, error: 'URL not allowed' });
    }
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0/8',
    '/8',
    'all',
    '',
    '::/129',
    '[::1]/128',
    'fe80::%eth0/10',
    '010.0.0.0/8',
    ' 10.0.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
  ])('is refused by name where it is no CIDR block: "%s"', (entry) => {
    expect(() => opening('192.168.0.0/16', entry)).toThrow(`"${entry}" is not a network in CIDR notation`);
  });

  it('is refused where it would open more than it seems to say, with the right spelling', () => {
    expect(() => opening('10.1.0.0/8')).toThrow('"10.1.0.0/8" has bits set beyond its prefix; write 10.0.0.0/8.');
    expect(() => opening('fd12::1/16')).toThrow('"fd12::1/16" has bits set beyond its prefix; write fd12::/16.');
  });
});

it('the corpus holds at least 80 addresses and 75 URLs', () => {
  const addresses = Object.values(FORBIDDEN).flat().length + REACHABLE.length;
  const urls = rows(NOT_ALLOWED).length + rows(INVALID).length + OTHER_SCHEMES.length;
  expect(addresses).toBeGreaterThanOrEqual(80);
  expect(urls).toBeGreaterThanOrEqual(75);
});
