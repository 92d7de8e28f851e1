// What is particular about single providers, beyond the contract that all of them pass.
import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '../../kernel/secret.js';
import { signedRequest } from '../../testing/index.js';
import { docusign } from './docusign.js';
import { gitlab } from './gitlab.js';
import { hmacProvider } from './hmac.js';
import { mailgun } from './mailgun.js';
import type { WebhookRequest } from './provider.js';
import { BUILT_IN_PROVIDERS } from './built-in-providers.js';
import { twilio } from './twilio.js';

const NOW_MS = 1_767_225_600_000;
const BODY = Buffer.from('{"a":1}');
const standard = BUILT_IN_PROVIDERS.find(({ name }) => name === 'standard-webhooks');

describe('standard-webhooks', () => {
  const KEY = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const good = signedRequest('standard-webhooks', {
    body: BODY,
    secret: KEY,
    nowMs: NOW_MS,
    headers: { 'webhook-id': 'msg_1' },
  });
  const signature = String(good.headers['webhook-signature']);
  const verify = (headers: Record<string, string | undefined>, secret = KEY, body = BODY) =>
    standard?.verify({ ...good, body, headers: { ...good.headers, ...headers } }, [new Secret(secret)], NOW_MS);
  const list = (text: string) => verify({ 'webhook-signature': text })?.ok;

  it.each([
    ['beside a wrong one', `v1,${Buffer.alloc(32).toString('base64')} ${signature}`],
    ['beside an unknown version', `v2,anything ${signature}`],
    ['beside an Ed25519 one', `v1a,${Buffer.alloc(64).toString('base64')} ${signature}`],
    ['after two spaces', `v1,${Buffer.alloc(32).toString('base64')}  ${signature}`],
  ])('takes a good signature %s', (_, text) => expect(list(text)).toBe(true));

  it.each([
    ['of version 2 alone', signature.replace('v1,', 'v2,')],
    ['of version 1a alone', signature.replace('v1,', 'v1a,')],
    ['in a list with commas', `${signature},${signature}`],
    ['in a list with tabs', `${signature}\t${signature}`],
    ['followed by junk', `${signature},junk`],
    ['without padding', signature.replace('=', '')],
    ['for URLs', `v1,${Buffer.alloc(32, 0xfb).toString('base64url')}`],
    ['with an equals sign', signature.replace('v1,', 'v1=')],
    ['without a version', signature.slice(3)],
    ['without a value', 'v1,'],
    ['among 33', `${`${signature} `.repeat(32)}${signature}`],
  ])('refuses a signature %s', (_, text) => expect(list(text)).toBe(false));

  it('reads both sets of headers, and refuses them where they differ', () => {
    const svix = Object.fromEntries(
      ['id', 'timestamp', 'signature'].map((name) => [`svix-${name}`, good.headers[`webhook-${name}`] as string]),
    );
    const none = { 'webhook-id': undefined, 'webhook-timestamp': undefined, 'webhook-signature': undefined };
    expect(verify({ ...none, ...svix })).toEqual({ ok: true });
    expect(verify(svix)).toEqual({ ok: true });
    expect(verify({ ...svix, 'svix-id': 'msg_2' })).toEqual({ ok: false, reason: 'malformed' });
    expect(verify({ ...svix, 'svix-timestamp': '1767225601' })).toEqual({ ok: false, reason: 'malformed' });
  });

  it.each(['01767225600', '1767225600.0', ' 1767225600', '+1767225600', '1767225600abc', 'hello', '1'.repeat(400)])(
    'refuses the time %p',
    (time) => expect(verify({ 'webhook-timestamp': time })).toMatchObject({ ok: false }),
  );

  it('does not let id and time lend each other a part', () => {
    const request = signedRequest('standard-webhooks', {
      body: BODY,
      secret: KEY,
      nowMs: NOW_MS,
      headers: { 'webhook-id': 'msg.1' },
    });
    const shifted = { 'webhook-id': 'msg', 'webhook-timestamp': `1.${NOW_MS / 1_000}` };
    expect(verify({ ...(request.headers as Record<string, string>), ...shifted })).toMatchObject({ ok: false });
  });

  it('opens a secret in each of its spellings, and says what is wrong with any other', () => {
    const base64 = KEY.slice('whsec_'.length);
    for (const secret of [KEY, base64, `v1,${KEY}`]) expect(verify({}, secret)).toEqual({ ok: true });
    expect(verify({}, Buffer.from(base64, 'base64').toString())).toMatchObject({ ok: false });
    expect(standard?.problemOf?.([new Secret('whpk_short')], {})).toMatch(/^A secret must be/);
    expect(standard?.problemOf?.([new Secret('not base64!')], {})).toMatch(/^A secret must be/);
  });
});

describe('gitlab', () => {
  const secrets = (...texts: string[]) => texts.map((text) => new Secret(text));
  const SIGNING = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const signed = signedRequest('gitlab', { body: BODY, secret: SIGNING, nowMs: NOW_MS });
  const withToken = (token: string): WebhookRequest => ({ ...signed, headers: { 'x-gitlab-token': token } });

  it('lives on both kinds of token at once', () => {
    const both = secrets(SIGNING, 'plain-token');
    expect(gitlab.verify(signed, both, NOW_MS)).toEqual({ ok: true });
    expect(gitlab.verify(withToken('plain-token'), both, NOW_MS)).toEqual({ ok: true });
    const request = { ...signed, headers: { ...signed.headers, 'x-gitlab-token': 'of another source' } };
    expect(gitlab.verify(request, both, NOW_MS)).toEqual({ ok: true });
  });

  it('never takes a signing token as if it were sent', () => {
    expect(gitlab.verify(withToken(SIGNING), secrets(SIGNING), NOW_MS)).toMatchObject({ ok: false });
    expect(gitlab.verify(signed, secrets('plain-token'), NOW_MS)).toMatchObject({ ok: false });
  });
});

describe('mailgun', () => {
  const key = 'mailgun-key';
  const request = signedRequest('mailgun', { body: { 'event-data': { id: '1' } }, secret: key, nowMs: NOW_MS });
  const { signature } = JSON.parse(request.body.toString()) as { signature: Record<string, string> };
  const verify = (body: Buffer | object, options = {}, headers = request.headers) =>
    mailgun.verify(
      { ...request, headers, body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)) },
      [new Secret(key)],
      NOW_MS,
      options,
    );

  it.each([
    ['no signature', {}, 'no_signature'],
    ['an empty one', { signature: '' }, 'no_signature'],
    ['a list for one', { signature: [signature] }, 'no_signature'],
    ['a number for its text', { signature: { ...signature, signature: 1 } }, 'no_signature'],
    ['a short one', { signature: { ...signature, signature: 'abc' } }, 'malformed'],
    ['upper-case hex', { signature: { ...signature, signature: signature.signature?.toUpperCase() } }, 'malformed'],
    ['a time that is none', { signature: { ...signature, timestamp: '1767225600.0' } }, 'malformed'],
    ['another time', { signature: { ...signature, timestamp: '1767225601' } }, 'no_secret_matched'],
    ['another token', { signature: { ...signature, token: 'abc' } }, 'no_secret_matched'],
    // Written as one text, time and token of another length would sign alike.
    [
      'a digit moved from the time to the token',
      { signature: { ...signature, timestamp: '176722560', token: `0${signature.token}` } },
      'stale',
    ],
  ])('refuses %s', (_, body, reason) => {
    expect(verify(body, { toleranceSeconds: 300 })).toEqual({ ok: false, reason });
  });

  it('refuses bodies that are neither JSON nor a form', () => {
    for (const body of [Buffer.from('{'), Buffer.from([0xff]), Buffer.alloc(0)])
      expect(verify(body)).toEqual({ ok: false, reason: 'no_signature' });
  });

  it('reads the fields of a form', () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const fields = new URLSearchParams({ ...signature, event: 'delivered' }).toString();
    expect(verify(Buffer.from(fields), {}, form)).toEqual({ ok: true });
    expect(verify(Buffer.from(fields.replace('token=', 'token=x')), {}, form)).toMatchObject({ ok: false });
  });

  it('has a window only where the source asks for one', () => {
    const later = (options: object) => mailgun.verify(request, [new Secret(key)], NOW_MS + 301_000, options);
    expect(later({})).toEqual({ ok: true });
    expect(later({ toleranceSeconds: 300 })).toEqual({ ok: false, reason: 'stale' });
  });
});

describe('mailgun with files', () => {
  const key = 'mailgun-key';
  const [timestamp, token] = [String(NOW_MS / 1_000), 'a1'.repeat(25)];
  const signature = createHmac('sha256', key)
    .update(timestamp + token)
    .digest('hex');

  /** A request as fetch writes such a form. */
  async function sent(fields: Record<string, string | File>): Promise<WebhookRequest> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const response = new Response(form);
    const headers = { 'content-type': response.headers.get('content-type') ?? '' };
    const body = Buffer.from(await response.arrayBuffer());
    return { method: 'POST', url: 'https://x.example/', headers, body };
  }
  const verify = (request: WebhookRequest) => mailgun.verify(request, [new Secret(key)], NOW_MS);

  it('is verified by its fields, and gives fields and files', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 45, 45, 13, 10, 13, 10]);
    const file = new File([bytes], 'scan.bin', { type: 'application/octet-stream' });
    const fields = { timestamp, token, signature, subject: 'żółw\r\n--🐢', 'attachment-1': file };
    const request = await sent(fields);
    expect(verify(request)).toEqual({ ok: true });
    const data = mailgun.parse?.(request)?.data;
    expect(data).toEqual({
      ...fields,
      'attachment-1': {
        filename: 'scan.bin',
        contentType: 'application/octet-stream',
        content: bytes.toString('base64'),
      },
    });
    expect(mailgun.describe(request, data)).toMatchObject({ externalId: token });
  });

  it('is not verified by a file in the place of a field, or by another signature', async () => {
    const file = new File([signature], 'signature');
    expect(verify(await sent({ timestamp, token, signature: file }))).toEqual({ ok: false, reason: 'no_signature' });
    const other = 'ab'.repeat(32);
    expect(verify(await sent({ timestamp, token, signature: other }))).toEqual({
      ok: false,
      reason: 'no_secret_matched',
    });
  });

  it('is refused where it is cut off or has no such boundary', async () => {
    const request = await sent({ timestamp, token, signature });
    for (const end of [1, 4, 60, 200])
      expect(verify({ ...request, body: request.body.subarray(0, -end) }).ok).toBe(end === 1);
    for (const type of ['multipart/form-data; boundary=other', 'multipart/form-data', 'multipart/form-data; boundary='])
      expect(verify({ ...request, headers: { 'content-type': type } })).toEqual({ ok: false, reason: 'no_signature' });
  });
});

describe('docusign', () => {
  const parse = (xml: string) =>
    docusign.parse?.({ headers: { 'content-type': 'application/xml' }, body: Buffer.from(xml) });
  const inRoot = (inner: string) => `<DocuSignEnvelopeInformation>${inner}</DocuSignEnvelopeInformation>`;
  const status = '<EnvelopeStatus><EnvelopeID>e</EnvelopeID><Status>Sent</Status></EnvelopeStatus>';

  it('gives the document of legacy Connect beside what names it', () => {
    const xml = inRoot(status.replace('Sent', '<![CDATA[Se]]>&#110;t'));
    expect(parse(xml)).toEqual({ data: { event: 'envelope-sent', data: { envelopeId: 'e' }, xml } });
  });

  it.each([
    ['no XML', '{"event":"envelope-sent"}'],
    ['another document', '<Other><EnvelopeStatus><EnvelopeID>e</EnvelopeID></EnvelopeStatus></Other>'],
    ['an element that is not closed', inRoot(status.replace('</Status>', ''))],
    ['a document that is cut off', inRoot(status).slice(0, -5)],
    ['a document type', `<!DOCTYPE x [<!ENTITY s "Sent">]>${inRoot(status)}`],
    [
      'only the status of a recipient',
      inRoot('<EnvelopeStatus><EnvelopeID>e</EnvelopeID><R><Status>Sent</Status></R></EnvelopeStatus>'),
    ],
  ])('refuses %s', (_what, xml) => expect(parse(xml)).toBeUndefined());

  // Each took minutes where it was looked for an end from every beginning, or a path was made at every depth.
  it.each([
    ['comments that do not end', '<!--'],
    ['CDATA that does not end', '<![CDATA['],
    ['instructions that do not end', '<?'],
    ['tags that do not end', '<a "'],
    ['elements within each other', '<a>'],
    ['names without an end', 'a'],
  ])('reads a large document of %s once', (_what, piece) => {
    const xml = `<${piece.repeat(1_048_576 / piece.length)}`;
    expect(parse(inRoot(status + (piece === 'a' ? xml : xml.slice(1))))).toBeUndefined();
  });

  it('reads a document as deep as it is long once', () => {
    const depth = 150_000;
    expect(parse(inRoot(status + '<a>'.repeat(depth) + '</a>'.repeat(depth)))).toBeUndefined();
  });
});

describe('twilio', () => {
  it('refuses a body that its signature does not cover', () => {
    const request = signedRequest('twilio', { body: BODY, secret: 'token', url: 'https://shop.example/in' });
    const verify = (changed: Partial<WebhookRequest>) =>
      twilio.verify({ ...request, ...changed }, [new Secret('token')], 0);
    expect(verify({})).toEqual({ ok: true });
    const mac = (url: string) => createHmac('sha1', 'token').update(url).digest('base64');
    const url = 'https://shop.example/in';
    // Signed by the right token, but over the URL alone.
    expect(verify({ url, headers: { 'x-twilio-signature': mac(url) } })).toMatchObject({ ok: false });
    expect(verify({ body: Buffer.from('{"a":2}') })).toMatchObject({ ok: false });
  });
});

describe('hmac', () => {
  const config = (more: object = {}) => ({ header: 'X-Sig', ...more });
  const verify = (settings: object, value: string, more: Record<string, string> = {}, secret = 'secret') =>
    hmacProvider.verify(
      { method: 'PUT', url: 'https://shop.example/in?x=1', headers: { 'x-sig': value, ...more }, body: BODY },
      [new Secret(secret)],
      NOW_MS,
      { config: { ...settings } },
    );
  const mac = (algorithm: string, encoding: 'hex' | 'base64', text: string, key: string | Buffer = 'secret') =>
    createHmac(algorithm, key).update(text).digest(encoding);

  it.each([
    ['the body, by SHA-256 in hex, without a word', {}, mac('sha256', 'hex', '{"a":1}')],
    ['by SHA-1', { algorithm: 'sha1' }, mac('sha1', 'hex', '{"a":1}')],
    ['in base64 after a prefix', { encoding: 'base64', prefix: 'sig=' }, `sig=${mac('sha256', 'base64', '{"a":1}')}`],
    [
      'method and URL',
      { template: '{method} {url}\n{body}' },
      mac('sha256', 'hex', 'PUT https://shop.example/in?x=1\n{"a":1}'),
    ],
    [
      'another URL',
      { template: '{url}{body}', url: 'https://old.example' },
      mac('sha256', 'hex', 'https://old.example?x=1{"a":1}'),
    ],
    ['the body twice', { template: '{body}{body}' }, mac('sha256', 'hex', '{"a":1}{"a":1}')],
  ])('verifies %s', (_, settings, value) => {
    expect(verify(config(settings), value)).toEqual({ ok: true });
    expect(verify(config(settings), value, {}, 'another')).toEqual({ ok: false, reason: 'no_secret_matched' });
  });

  it('verifies a time, in its window', () => {
    const time = String(NOW_MS);
    const settings = config({ timestampHeader: 'X-Time', timestampUnit: 'ms' });
    const value = mac('sha256', 'hex', `${time}.{"a":1}`);
    expect(verify(settings, value, { 'x-time': time })).toEqual({ ok: true });
    expect(verify(settings, value)).toEqual({ ok: false, reason: 'no_signature' });
    const old = String(NOW_MS - 301_000);
    expect(verify(settings, mac('sha256', 'hex', `${old}.{"a":1}`), { 'x-time': old })).toEqual({
      ok: false,
      reason: 'stale',
    });
  });

  it('opens a secret as the config says', () => {
    const key = Buffer.from('00ff10', 'hex');
    const value = mac('sha256', 'hex', '{"a":1}', key);
    expect(verify(config({ secretEncoding: 'hex' }), value, {}, '00FF10')).toEqual({ ok: true });
    expect(verify(config({ secretEncoding: 'base64' }), value, {}, key.toString('base64'))).toEqual({ ok: true });
    expect(verify(config({ secretEncoding: 'hex' }), value, {}, 'no hex')).toMatchObject({ ok: false });
  });

  it('refuses a request without a header that is signed', () => {
    const settings = config({ template: '{header:X-Id}.{body}' });
    expect(verify(settings, mac('sha256', 'hex', 'undefined.{"a":1}'))).toMatchObject({ ok: false });
    expect(verify(settings, mac('sha256', 'hex', '.{"a":1}'))).toMatchObject({ ok: false });
    expect(verify(settings, mac('sha256', 'hex', '7.{"a":1}'), { 'x-id': '7' })).toEqual({ ok: true });
  });

  it.each([
    [{ header: undefined }, 'config.header'],
    [{ header: 'X Sig' }, 'config.header'],
    [{ algorithm: 'md5' }, 'config.algorithm'],
    [{ encoding: 'base32' }, 'config.encoding'],
    [{ prefix: 1 }, 'config.prefix'],
    [{ template: 'nothing' }, 'config.template'],
    [{ template: '{body}{timestamp}' }, 'config.template'],
    [{ timestampHeader: 'X-Time', template: '{body}' }, 'config.template'],
    [{ template: '{body}{what}' }, 'config.template'],
    [{ url: '/in' }, 'config.url'],
    [{ id: 'body' }, 'config.id'],
    [{ type: 'header:' }, 'config.type'],
  ])('verifies nothing for %j, and says why', (wrong, name) => {
    const settings = config(wrong);
    expect(hmacProvider.problemOf?.([], settings)).toContain(name);
    expect(verify(settings, mac('sha256', 'hex', '{"a":1}'))).toEqual({ ok: false, reason: 'malformed' });
  });
});
