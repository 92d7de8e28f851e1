// posthorn send, against a server that has a source of every provider: what it sends comes in, as the type that was asked for.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BUILT_IN_PROVIDERS } from '../../src/inbound/index.js';
import { VERSION } from '../../src/kernel/version.js';
import { newSecretPair } from '../../src/testing/index.js';
import type { SecretPair, SignedProvider } from '../../src/testing/index.js';
import { ASKED_TYPES } from '../contracts/asked-types.js';
import { freePort } from '../setup/free-port.js';
import { ensureBuiltOnce } from '../setup/server-process.js';
import { runCommand } from './cli.harness.js';
import { openScene } from './receive.harness.js';
import type { Scene } from './receive.harness.js';
import { addSource } from './received-rows.harness.js';

const HMAC = { header: 'X-Any-Signature', prefix: 'v1=', type: 'body:meta.kind' };
const root = path.resolve(import.meta.dirname, '..', '..');

let scene: Scene;
let scratch: string;
const pairs = new Map<string, SecretPair>();

beforeAll(async () => {
  scene = await openScene();
  scratch = mkdtempSync(path.join(tmpdir(), 'posthorn-cli-'));
  for (const { name } of BUILT_IN_PROVIDERS) {
    const pair = newSecretPair(name as SignedProvider);
    pairs.set(name, pair);
    const config = name === 'hmac' ? HMAC : {};
    // Wider than Paddle's five seconds: how fast this machine is must not matter.
    const source = { name: `my-${name}`, provider: name, secrets: [pair.secret], config, toleranceSeconds: 3_600 };
    await addSource(scene.rows, source);
  }
});
afterAll(async () => {
  await scene?.close();
  if (scratch) rmSync(scratch, { recursive: true, force: true });
});

const secretOf = (name: string): string => pairs.get(name)?.signWith ?? '';
const urlOf = (name: string): string => `${scene.shop.url}/webhooks/my-${name}`;
const received = (name: string) =>
  scene.rows.query<{ type: string; status: string; headers: string; body: Buffer }>(
    'SELECT type, status, headers, body FROM posthorn.received_event WHERE source = $1 ORDER BY id DESC',
    [`my-${name}`],
  );
const send = (name: string, type: string, ...more: string[]) =>
  runCommand(['send', name, type, '--to', urlOf(name), '--secret', secretOf(name), ...more]);

describe.each(Object.entries(ASKED_TYPES))('a webhook of %s', (name, types) => {
  const config = name === 'hmac' ? ['--config', JSON.stringify(HMAC)] : [];

  it.each(types)('comes in as %s', async (type) => {
    const { code, out, err } = await send(name, type, ...config);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: [expect.stringMatching(/^200 \{"status":"processed"\} \(\d+ ms\)$/)],
      err: [],
    });
    expect((await received(name))[0]).toMatchObject({ type, status: 'unhandled' });
  });

  it('is refused with another secret, which is a failure', async () => {
    const before = (await received(name)).length;
    const { signWith } = newSecretPair(name as SignedProvider);
    const { code, out } = await send(name, types[0] ?? '', ...config, '--secret', signWith);
    expect({ code, out }).toEqual({ code: 1, out: [expect.stringMatching(/^401 \{"error":"Invalid signature"\}/)] });
    expect(await received(name)).toHaveLength(before);
  });
});

describe('what is sent', () => {
  it('is the data that is given, byte for byte, and the headers', async () => {
    const data = '{ "id": "evt_given",  "type": "own.type", "text": "żółw" }\n';
    expect(await send('stripe', 'ignored', '--data', data, '--header', 'X-Own: yes: really')).toMatchObject({
      code: 0,
    });
    const [row] = await received('stripe');
    expect(row).toMatchObject({ type: 'own.type', body: Buffer.from(data) });
    expect(JSON.parse(row?.headers ?? '')).toMatchObject({
      'x-own': 'yes: really',
      'content-type': 'application/json',
    });
  });

  it('may be read from a file, which need not be text', async () => {
    const [file, bytes] = [path.join(scratch, 'body'), Buffer.from([0xff, 0xfe, 0x00, 0x0a])];
    writeFileSync(file, bytes);
    const answer = await send(
      'bearer',
      'x',
      '--data',
      `@${file}`,
      '--header',
      'content-type: application/octet-stream',
    );
    expect(answer.code).toBe(0);
    expect((await received('bearer'))[0]).toMatchObject({ body: bytes });
  });

  it('is a form or JSON, whichever it is plainly', async () => {
    expect(await send('twilio', 'message.sent', '--data', 'SmsStatus=queued&Body=%C5%BC')).toMatchObject({ code: 0 });
    expect((await received('twilio'))[0]).toMatchObject({ type: 'message.queued' });
    expect(await send('twilio', 'message.sent', '--data', '{"type":"own"}')).toMatchObject({ code: 0 });
    expect((await received('twilio'))[0]).toMatchObject({ type: 'own' });
    const form = ['--data', 'event=opened', '--header', 'content-type: application/x-www-form-urlencoded'];
    expect(await send('mailgun', 'x', ...form)).toMatchObject({ code: 0 });
    expect((await received('mailgun'))[0]).toMatchObject({ type: 'opened' });
  });

  it('is as many as are asked for, none the copy of another', async () => {
    const before = (await received('github')).length;
    const { code, out } = await send('github', 'push', '--count', '3');
    expect([code, out.length]).toEqual([0, 3]);
    expect(await received('github')).toHaveLength(before + 3);
  });

  it('is signed for the URL by which the receiver knows itself', async () => {
    const url = ['--public-url', 'https://shop.example/webhooks/my-square'];
    expect((await send('square', 'payment.updated', ...url)).code).toBe(1);
    await addSource(scene.rows, {
      name: 'my-square-public',
      provider: 'square',
      secrets: [secretOf('square')],
      config: { url: 'https://shop.example/webhooks/my-square' },
    });
    const to = ['--to', `${scene.shop.url}/webhooks/my-square-public`];
    expect((await send('square', 'payment.updated', ...url, ...to)).code).toBe(0);
  });

  it('is signed with any secret, also with one that looks like an option', async () => {
    await addSource(scene.rows, { name: 'my-dashed', provider: 'stripe', secrets: ['--to'] });
    expect(await send('stripe', 'a.b', '--to', urlOf('dashed'), '--secret', '--to')).toMatchObject({
      code: 0,
      err: [],
    });
    expect(await send('stripe', 'a.b', '--to', urlOf('dashed'), '--secret=--to')).toMatchObject({ code: 0, err: [] });
  });

  it('is not taken for sent where nobody listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, out, err } = await send('stripe', 'a.b', '--to', `${url}/x`);
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err).toEqual([expect.stringMatching(new RegExp(`^${url} does not answer \\(.*ECONNREFUSED.*\\)\\.$`))]);
  });
});

describe('bad usage is one sentence and exit code 2', () => {
  const OK = ['send', 'stripe', 'a.b', '--to', 'http://localhost/', '--secret', 's'];
  it.each([
    [
      ['dance'],
      'There is no command "dance"; there are start, migrate, doctor, keys, replay, send, listen, types, rotate-encryption-key, secret, providers.',
    ],
    [['send'], 'Say which provider and which type: posthorn send <provider> <type> --to URL --secret SECRET.'],
    [['send', 'stripe', 'a.b'], '--to URL is missing.'],
    [
      ['send', 'stripe', 'a.b', '--to', 'localhost:4000', '--secret', 's'],
      '--to must be an absolute http or https URL, not "localhost:4000".',
    ],
    [['send', 'stripe', 'a.b', '--to', 'http://localhost/'], '--secret SECRET is missing: what the sender signs with.'],
    [['send', 'stripe', 'a.b', 'c'], 'There is one argument too many: "c".'],
    [[...OK, '--header'], "Option '--header <value>' argument missing."],
    [[...OK, '--loud'], "Unknown option '--loud'."],
    [[...OK, '--count', '0'], '--count must be 1 to 1000, not "0".'],
    [[...OK, '--header', 'nonsense'], '--header must be \'Name: value\', not "nonsense".'],
    [[...OK, '--data', '@/nowhere/at/all'], '/nowhere/at/all cannot be read (ENOENT).'],
    [[...OK, '--config', '[]'], '--config must be a JSON object.'],
    [['secret'], 'Say for which provider: posthorn secret <provider>.'],
  ])('%j', async (args, sentence) => {
    expect(await runCommand(args)).toEqual({ code: 2, out: [], err: [sentence] });
  });

  it('names the providers there are, and says how a secret is made', async () => {
    const stranger = await runCommand(['send', 'acme', 'a.b', '--to', 'http://localhost/', '--secret', 's']);
    expect(stranger).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/^There is no provider "acme" .*stripe.*\.$/)],
    });
    const type = await send('stripe', 'two words');
    expect(type).toMatchObject({ code: 2, err: [expect.stringMatching(/^A type is 1 to 255 printable characters/)] });
    const key = await send('discord', 'X', '--secret', pairs.get('discord')?.secret ?? '');
    expect(key).toMatchObject({ code: 2, err: [expect.stringContaining('"posthorn secret discord"')] });
  });
});

describe('the process', () => {
  interface Ended {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const posthorn = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const program = path.join(root, 'dist', 'cli', 'main.js');
      execFile(process.execPath, [program, ...args], { cwd: scratch }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });

  beforeAll(() => ensureBuiltOnce());

  it('prints help and version', async () => {
    const help = await posthorn();
    expect(help).toEqual({ code: 0, stdout: expect.stringContaining('posthorn send <provider> <type>'), stderr: '' });
    expect(await posthorn('--help')).toEqual(help);
    expect((await posthorn('send', '--help')).stdout).toContain('--count N');
    expect((await posthorn('listen', '-h')).stdout).toContain('--forward URL');
    expect(await posthorn('--version')).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
    const { stdout } = await posthorn('providers');
    expect(stdout.trim().split('\n')).toEqual(BUILT_IN_PROVIDERS.map(({ name }) => name).sort());
  });

  it('makes a secret, sends with it, and ends with the code of what became of it', async () => {
    const [given = '', signing = ''] = (await posthorn('secret', 'discord')).stdout.match(/\S+$/gm) ?? [];
    await addSource(scene.rows, { name: 'bot', provider: 'discord', secrets: [given] });
    const to = `${scene.shop.url}/webhooks/bot`;
    const sent = await posthorn('send', 'discord', 'ENTITLEMENT_CREATE', '--to', to, '--secret', signing);
    expect(sent).toMatchObject({ code: 0, stderr: '' });
    const wrong = await posthorn('send', 'stripe', 'a.b', '--to', urlOf('stripe'), '--secret', 'whsec_wrong');
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('401'), stderr: '' });
    expect(await posthorn('send', 'acme', 'a.b')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('acme'),
    });
  });

  it('is a program that npm can link: the first line says what runs it', () => {
    const { bin } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { bin: { posthorn: string } };
    expect(readFileSync(path.join(root, bin.posthorn), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
