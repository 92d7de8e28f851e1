// What the README has a newcomer type, typed: the first event out, the first webhook in.
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { call, ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { ADMIN_KEY } from '../setup/server.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const section = readFileSync(path.join(root, 'README.md'), 'utf8').split('## The first event out')[1] ?? '';
const [startTyped = '', sendTyped = '', receiveTyped = ''] = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
  ([, text = '']) => text,
);

/** Where it is typed: a checkout, as far as the commands see one. */
let folder: string;
let server: ServerProcess | undefined;
let shell: ChildProcess | undefined;

beforeAll(() => ensureBuiltOnce(), 600_000);
afterEach(async () => {
  if (shell?.pid) process.kill(-shell.pid, 'SIGKILL');
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('leads from the start to an event that is delivered and a webhook that is processed', async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'posthorn-readme-'));
  mkdirSync(path.join(folder, 'data'));
  writeFileSync(path.join(folder, 'data', 'admin.key'), ADMIN_KEY);
  const [, typed = ''] = /^((?:[A-Z_]+=\S+ )+)npm start$/m.exec(startTyped) ?? [];
  server = new ServerProcess({
    ...Object.fromEntries([...typed.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])),
    DATABASE_URL: (await cloneDatabase()).url,
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    ADMIN_API_KEY: ADMIN_KEY,
  });
  const url = await server.url();
  const customerPort = await freePort();

  let shown = '';
  shell = spawn('bash', { cwd: folder, detached: true, env: { PATH: process.env.PATH } });
  for (const stream of [shell.stdout, shell.stderr]) stream?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const type = (text: string): void => {
    const here = text
      .replaceAll('http://127.0.0.1:3000', url)
      .replaceAll(/(127\.0\.0\.1:|listen\()4000/g, `$1${customerPort}`)
      .replaceAll('npx posthorn', `${process.execPath} ${path.join(root, 'dist', 'cli', 'main.js')}`);
    shell?.stdin?.write(`${here}\n`);
  };
  const shows = (pattern: RegExp): Promise<unknown> =>
    eventually(() => pattern.exec(shown) ?? Promise.reject(new Error(shown)), `${pattern} is shown`);

  type(sendTyped);
  await shows(/Received \{"id":".*"event":"order\.completed".*"orderId":"1042"/);
  type(receiveTyped);
  await shows(/200 \{"status":"processed"\}/);
  const { body } = await call<{ data: unknown[] }>(url, ADMIN_KEY, 'GET', '/api/received-events');
  expect(body.data).toMatchObject([{ source: 'stripe', type: 'payment_intent.succeeded' }]);
});
