// What `npm pack` makes, installed by npm into an application: it compiles, starts, receives and sends, by `import` and `require`.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { urlOf } from '../setup/database.js';
import { ensureBuiltOnce } from '../setup/server-process.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const NODE_FLAGS = ['--no-warnings'];
let project: string;

const npm = (args: readonly string[], cwd: string): string =>
  execFileSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TEST_DATABASE_URL: urlOf('postgres'), STRIPE_WEBHOOK_SECRET: 'whsec_of_the_shop' },
  });
  return { status, stdout, stderr };
};
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version;

beforeAll(async () => {
  await ensureBuiltOnce();
  project = mkdtempSync(path.join(tmpdir(), 'posthorn-packed-'));
  const tarball = npm(['pack', '--silent', '--pack-destination', project], root).trim();
  cpSync(path.join(root, 'examples', 'shop'), project, { recursive: true });
  cpSync(path.join(root, 'test', 'packed'), project, { recursive: true });
  cpSync(path.join(project, 'commonjs.cts'), path.join(project, 'src', 'commonjs.cts'));
  const shop = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // The versions that are installed here already, so that npm finds them in its cache.
  const dependencies = Object.fromEntries(Object.keys(shop.dependencies).map((name) => [name, name]));
  for (const name of [...Object.keys(dependencies), '@nestjs/testing', '@types/node', 'typescript'])
    if (name !== 'posthorn') dependencies[name] = versionOf(name);
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ ...shop, dependencies: { ...dependencies, posthorn: `file:${tarball}` }, devDependencies: {} }),
  );
  npm(['install', '--prefer-offline', '--omit=optional'], project);
}, 600_000);
afterAll(() => rmSync(project, { recursive: true, force: true, maxRetries: 5 }));

describe('the package', () => {
  it('is what publint asks of one', () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [
        path.join(root, 'node_modules', 'publint', 'src', 'cli.js'),
        '--strict',
        path.join(project, 'node_modules', 'posthorn'),
      ],
      { encoding: 'utf8' },
    );
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('All good!') });
  });

  it('shares what an application has: no second Nest, TypeORM or validator', () => {
    const own = path.join(project, 'node_modules', 'posthorn', 'node_modules');
    let nested: string[] = [];
    try {
      nested = readdirSync(own).filter((name) => !name.startsWith('.'));
    } catch {
      // It has none of its own.
    }
    expect(nested.filter((name) => /^(?:@nestjs|typeorm|class-|rxjs|reflect-metadata)/.test(name))).toEqual([]);
  });

  it('holds what is used, and neither sources nor tests', () => {
    const files = readdirSync(path.join(project, 'node_modules', 'posthorn'), { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(
      expect.arrayContaining(['package.json', 'README.md', 'LICENSE', path.join('dist', 'index.d.ts')]),
    );
    expect(files.filter((name) => /(?:^|\/)(?:src|test)\/|\.spec\./.test(name))).toEqual([]);
  });

  it('has no way in but those that it names', () => {
    const { stderr } = run('--input-type=module', '-e', `await import('posthorn/dist/index.js')`);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

describe('an application with it installed', () => {
  it('compiles, its CommonJS too, and so do the declarations of the package', () => {
    const { stdout } = run('node_modules/typescript/bin/tsc', '--skipLibCheck', 'false');
    // What others declare is theirs to mend.
    expect(stdout.split('\n').filter((line) => /^(?:src|node_modules\/posthorn)\//.test(line))).toEqual([]);
    expect(readdirSync(path.join(project, 'dist'))).toEqual(expect.arrayContaining(['main.js', 'commonjs.cjs']));
  });

  it('starts, receives and sends, by import', () => {
    const { stdout, stderr } = run(...NODE_FLAGS, 'esm.mjs');
    expect({ stdout: stdout && (JSON.parse(stdout) as unknown), stderr }).toEqual({
      stdout: {
        answer: { status: 200, body: { status: 'processed' } },
        event: 'order.completed',
        data: { orderId: '1042', total: '99.95' },
      },
      stderr: '',
    });
  });

  it('starts and sends, by require', () => {
    const { stdout, stderr } = run(...NODE_FLAGS, 'dist/commonjs.cjs');
    expect({ stdout: stdout && (JSON.parse(stdout) as unknown), stderr }).toEqual({
      stdout: { event: 'order.shipped', data: { orderId: '1042' } },
      stderr: '',
    });
  });
});
