// The built package in the runners that teams have: a suite of two files in each, one PostgreSQL for both, and nothing that is
// left when it is over.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { roomiest } from '../../src/testing/postgres/test-cluster.js';
import { eventually } from '../setup/eventually.js';
import { ensureBuiltOnce } from '../setup/server-process.js';

const root = path.resolve(import.meta.dirname, '..', '..');
let project: string;

beforeAll(async () => {
  await ensureBuiltOnce();
  // The package where npm would put it, and beside it what the project has installed.
  project = mkdtempSync(path.join(tmpdir(), 'posthorn-runners-'));
  const modules = path.join(project, 'node_modules');
  cpSync(path.join(root, 'test', 'runners'), project, { recursive: true });
  mkdirSync(path.join(modules, 'posthorn'), { recursive: true });
  cpSync(path.join(root, 'dist'), path.join(modules, 'posthorn', 'dist'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(modules, 'posthorn', 'package.json'));
  for (const name of readdirSync(path.join(root, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'shop', type: 'module' }));
  writeFileSync(
    path.join(project, 'jest.config.mjs'),
    `export default { testMatch: ['**/*.test.mjs'], transform: {}, maxWorkers: 2 };`,
  );
  writeFileSync(
    path.join(project, 'vitest.config.mjs'),
    `export default { test: { include: ['*.test.mjs'], globals: true, maxWorkers: 2 } };`,
  );
});
afterAll(() => rmSync(project, { recursive: true, force: true, maxRetries: 5 }));

const isThere = (url: string): Promise<boolean> => {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
};

it.each([
  // In one process, where whatever keeps it alive keeps Jest alive.
  ['Jest', ['jest/bin/jest.js', '--runInBand']],
  // In a process for each file.
  ['Vitest', ['vitest/vitest.mjs', 'run']],
])(
  'runs in %s',
  async (name, [program = '', ...args]) => {
    const databases = path.join(project, `${name}.txt`);
    const child = spawn(process.execPath, ['--experimental-vm-modules', path.join('node_modules', program), ...args], {
      cwd: project,
      env: { PATH: process.env.PATH, HOME: project, DATABASES: databases, CI: 'true' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).not.toMatch(/did not exit|open handle|hanging/i);

    const urls = readFileSync(databases, 'utf8')
      .trim()
      .split('\n')
      .map((url) => new URL(url));
    expect(urls).toHaveLength(2);
    expect(new Set(urls.map(({ host }) => host)).size).toBe(1);
    expect(new Set(urls.map(({ pathname }) => pathname)).size).toBe(2);
    await eventually(async () => !(await isThere(String(urls[0]))), 'the PostgreSQL of the run has ended', {
      within: 240_000,
    });
    await eventually(
      () => !readdirSync(roomiest()).some((entry) => entry.startsWith(`posthorn-testing-${child.pid}-`)),
      'nothing of the run is left',
      { within: 240_000 },
    );
  },
  300_000,
);
