// posthorn listen, against a real server: what comes in there arrives here, byte for byte, once, whatever breaks between.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { newSecretPair, signedRequest } from '../../src/testing/index.js';
import type { SignedProvider } from '../../src/testing/index.js';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { ensureBuiltOnce } from '../setup/server-process.js';
import { Local, Way } from './cli-listen.harness.js';
import { runCommand, startCommand } from './cli.harness.js';
import type { Running } from './cli.harness.js';
import { ADMIN_KEY, api, openScene, sendStripe, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import { addSource } from './received-rows.harness.js';
import { post, stripeEvent } from './sender.harness.js';

const ENV = { POSTHORN_API_KEY: ADMIN_KEY };
const RESIGNED: readonly (readonly [SignedProvider, string])[] = [
  ['stripe', 'payment_intent.succeeded'],
  ['github', 'push'],
  ['slack', '/weather'],
  ['twilio', 'message.received'],
  ['twilio', 'com.twilio.voice'],
  ['mailgun', 'delivered'],
  ['discord', 'ENTITLEMENT_CREATE'],
  ['standard-webhooks', 'order.paid'],
];

let scene: Scene;
let shop: Shop;
let local: Local;
const running: Running[] = [];

beforeAll(async () => {
  scene = await openScene([{ name: 'other' }, { name: 'stripe', tenant: 'acme' }]);
  ({ shop } = scene);
  await addSource(scene.rows, { name: 'any', provider: 'bearer', secrets: ['a-token'] });
});
beforeEach(async () => {
  local = new Local();
  await local.start();
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.interrupt();
  local.close();
});
afterAll(() => scene?.close());

/** Starts to listen; what comes in from then on is forwarded. */
async function listen(...args: string[]): Promise<Running> {
  const started = startCommand(['listen', '--server', shop.url, '--forward', local.url, ...args], ENV);
  running.push(started);
  await eventually(() => started.err.some((line) => line.startsWith('Listening at')), 'it listens');
  return started;
}

async function take(at: Shop = shop, where?: string): Promise<string> {
  const { id, body } = stripeEvent('any.thing');
  await sendStripe(at, body, where);
  return id;
}
const idsOf = (got: Local['got']): unknown[] =>
  got.map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id);

describe('what is forwarded', () => {
  it('is the bytes as they came, and the headers but for those that are not kept or not so here', async () => {
    const started = await listen('--source', 'any');
    const { out, err } = started;
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc5, 0xbc]);
    const headers = { authorization: 'Bearer a-token', 'content-type': 'application/x-own', 'x-forwarded-host': 'a.b' };
    await post(`${shop.url}/webhooks/any`, bytes, { ...headers, 'x-own': 'yes' });
    await local.gets(1);
    expect(local.got[0]?.body).toEqual(bytes);
    expect(local.got[0]?.headers).toMatchObject({ 'content-type': 'application/x-own', 'x-own': 'yes' });
    for (const name of ['authorization', 'x-forwarded-host']) expect(local.got[0]?.headers).not.toHaveProperty(name);
    await eventually(() => out.length === 1, 'it is printed');
    expect(out[0]).toMatch(/^\d{4}-\d\d-\d\dT\S+Z {2}any {2}unknown {2}[0-9a-f-]{36} {2}202 {2}\d+ ms$/);
    expect(err.join(' ')).toContain('--resign');
    expect(await started.interrupt()).toBe(0);
  });

  it('is that of the source and the tenant that are asked for', async () => {
    await listen('--source', 'other');
    await take();
    const others = await take(shop, '/webhooks/other');
    await local.gets(1);
    expect(idsOf(local.got)).toEqual([others]);

    await listen('--tenant', 'acme');
    const theirs = await take(shop, '/webhooks/acme/stripe');
    await local.gets(2);
    expect(idsOf(local.got)).toEqual([others, theirs]);
  });

  it('is signed again where that is asked for, so that the application here accepts it', async () => {
    const here = await openScene();
    for (const [name, type] of RESIGNED) {
      const [there, mine] = [newSecretPair(name), newSecretPair(name)];
      const source = `r-${name}-${type.replaceAll(/\W/g, '').toLowerCase()}`;
      await addSource(scene.rows, { name: source, provider: name, secrets: [there.secret] });
      await addSource(here.rows, { name: source, provider: name, secrets: [mine.secret] });
      const forward = `${here.shop.url}/webhooks/${source}`;
      const { out } = await listen('--source', source, '--forward', forward, '--resign', mine.signWith);
      const to = ['--to', `${shop.url}/webhooks/${source}`, '--secret', there.signWith];
      expect(await runCommand(['send', name, type, ...to])).toMatchObject({ code: 0 });
      await eventually(() => out.length === 1, `${source} is forwarded`);
      expect(out[0]).toMatch(new RegExp(` {2}200 {2}\\d+ ms$`));
      const of = 'SELECT type, body FROM posthorn.received_event WHERE source = $1';
      const [[sent], [got]] = [await scene.rows.query(of, [source]), await here.rows.query(of, [source])];
      // Mailgun's signature stands in the body.
      expect(got).toEqual(name === 'mailgun' ? { ...sent, body: expect.anything() } : sent);
    }
    await here.close();
  });

  it('of Twilio has the id of the event, whose header is called a token and is none', async () => {
    const { secret, signWith } = newSecretPair('twilio');
    await addSource(scene.rows, { name: 'sms', provider: 'twilio', secrets: [secret] });
    await listen('--source', 'sms');
    const url = `${shop.url}/webhooks/sms`;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'i-twilio-idempotency-token': 'an-id',
      'x-own-token': 'a-secret',
    };
    const signed = signedRequest('twilio', { secret: signWith, body: 'MessageStatus=sent', url, headers });
    expect(await post(url, signed.body, signed.headers)).toMatchObject({ status: 200 });
    await local.gets(1);
    expect(local.got[0]?.headers).toMatchObject({ 'i-twilio-idempotency-token': 'an-id' });
    for (const name of ['x-own-token', 'x-twilio-signature']) expect(local.got[0]?.headers).not.toHaveProperty(name);
  });

  it('of Linear, whose time stands in the body, is of now when it is signed again', async () => {
    const [there, mine] = [newSecretPair('linear'), newSecretPair('linear')];
    const here = await openScene();
    const source = { name: 'board', provider: 'linear' };
    await addSource(scene.rows, { ...source, secrets: [there.secret], toleranceSeconds: 3_600 });
    await addSource(here.rows, { ...source, secrets: [mine.secret] });
    const { out } = await listen(
      ...['--source', 'board', '--forward', `${here.shop.url}/webhooks/board`, '--resign', mine.signWith],
    );
    const earlier = Date.now() - 600_000;
    const body = `{ "type":"Issue", "action":"create", "webhookTimestamp": ${earlier}, "data":{"title":"żółw"}}`;
    const signed = signedRequest('linear', { secret: there.signWith, body });
    expect(await post(`${shop.url}/webhooks/board`, signed.body, signed.headers)).toMatchObject({ status: 200 });
    await eventually(() => out.length === 1, 'it is forwarded');
    expect(out[0]).toMatch(/ {2}200 {2}\d+ ms$/);
    const [got] = await here.rows.query<{ body: Buffer }>('SELECT body FROM posthorn.received_event');
    expect(got?.body.toString().replace(/\d{13}/, String(earlier))).toBe(body);
    await here.close();
  });

  it('is what comes later, too, where nobody answered here', async () => {
    const port = await freePort();
    const { out } = await listen('--forward', `http://127.0.0.1:${port}/`);
    await take();
    await eventually(() => out.length === 1, 'the failure is printed');
    expect(out[0]).toMatch(/ {2}http:\/\/127\.0\.0\.1:\d+ does not answer \(.*ECONNREFUSED.*\)\. {2}\d+ ms$/);
    const later = new Local();
    await later.start(port);
    const id = await take();
    await later.gets(1);
    expect(idsOf(later.got)).toEqual([id]);
    later.close();
  });

  it('goes on where it was when the server is back, and is nothing twice', async () => {
    const old = await startShop(scene.databaseUrl, { role: 'api' });
    const way = new Way();
    const { err } = await listen('--server', await way.open(old.url));
    const before = await take();
    await local.gets(1);
    way.cut();
    await old.app.close();
    await eventually(() => err.some((line) => line.endsWith('Trying again.')), 'it tries again');
    const meanwhile = [await take(), await take()];
    const fresh = await startShop(scene.databaseUrl, { role: 'api' });
    way.target = fresh.url;
    await eventually(() => local.got.length >= 3, 'it goes on');
    const after = await take(fresh);
    await local.gets(4);
    expect(idsOf(local.got)).toEqual([before, ...meanwhile, after]);
    for (const each of running.splice(0)) expect(await each.interrupt()).toBe(0);
    way.close();
    await fresh.app.close();
  });
});

describe('it ends', () => {
  const ends = (args: readonly string[], env: Record<string, string> = ENV) =>
    runCommand(['listen', '--forward', local.url, ...args], env);

  it('at once where the server refuses, or is not there', async () => {
    const at = ['--server', shop.url];
    const wrong = await ends([...at, '--api-key', 'another']);
    expect(wrong).toMatchObject({ code: 1, out: [], err: [expect.stringMatching(/^The server answers 401: .+\.$/)] });
    const source = await ends([...at, '--source', 'nobody']);
    expect(source).toMatchObject({ code: 1, err: ['The server answers 404: No such source.'] });
    const nowhere = await ends(['--server', `http://127.0.0.1:${await freePort()}`]);
    expect(nowhere).toMatchObject({ code: 1, err: [expect.stringContaining('ECONNREFUSED')] });
  });

  it('with code 2 where it was called wrongly', async () => {
    expect(await ends([], {})).toMatchObject({ code: 2, err: [expect.stringMatching(/^There is no API key:/)] });
    expect(await runCommand(['listen'], ENV)).toMatchObject({ code: 2, err: ['--forward URL is missing.'] });
  });

  it('once its key is revoked', async () => {
    const made = await api(shop, 'api-keys', { method: 'POST', body: { name: 'k', scopes: ['sources:read'] } });
    const { id, key } = made.body as { id: string; key: string };
    const { ended } = await listen('--api-key', key);
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    await fetch(`${shop.url}/api/api-keys/${id}`, { method: 'DELETE', headers });
    await eventually(
      async () =>
        (await fetch(`${shop.url}/api/stream`, { headers: { authorization: `Bearer ${key}` } })).status === 401,
      'the key is refused',
    );
    await take();
    expect(await ended).toBe(1);
  });

  describe('as a process', () => {
    beforeAll(() => ensureBuiltOnce());

    it.each(['SIGINT', 'SIGTERM'] as const)('by %s, with code 0', async (signal) => {
      const program = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
      const args = [program, 'listen', '--server', shop.url, '--forward', local.url];
      const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...ENV }, cwd: '/' });
      let [out, err] = ['', ''];
      child.stdout.on('data', (text: Buffer) => (out += text.toString()));
      child.stderr.on('data', (text: Buffer) => (err += text.toString()));
      await eventually(() => err.includes('Listening at'), 'it listens');
      const id = await take();
      await local.gets(1);
      expect(idsOf(local.got)).toEqual([id]);
      await eventually(() => out.includes('202'), 'it is printed');
      child.kill(signal);
      expect(await once(child, 'close')).toEqual([0, null]);
    });
  });
});
