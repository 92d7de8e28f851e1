// A newcomer's path, timed: what docs/quickstart.md says, word for word, in an application that Nest's own CLI has just made, with
// the package that npm would publish. Touches nothing but a temporary directory, and brings its PostgreSQL.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
const { startTestCluster } = await import('../dist/testing/postgres/test-cluster.js');

const PAGE = path.join(root, 'docs', 'quickstart.md');
const WITHIN_MS = 300_000;
const NPM_FLAGS = ['--prefer-offline', '--no-audit', '--no-fund'];

const folder = mkdtempSync(path.join(tmpdir(), 'posthorn-newcomer-'));
const app = path.join(folder, 'shop');
const manifest = path.join(app, 'package.json');

/** An application as Nest makes it, with those of its tools that are here, in the versions that are here: npm has them in its cache. */
function makeApplication() {
  const nest = path.join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  run(process.execPath, [nest, 'new', 'shop', '--skip-install', '--skip-git', '--package-manager', 'npm'], folder);
  const made = JSON.parse(readFileSync(manifest, 'utf8'));
  const here = (names) =>
    Object.fromEntries(
      Object.keys(names).flatMap((name) => {
        const version = installedVersion(name);
        return version ? [[name, version]] : [];
      }),
    );
  const text = { ...made, dependencies: here(made.dependencies), devDependencies: here(made.devDependencies) };
  writeFileSync(manifest, JSON.stringify(text, null, 2));
  run('npm', ['install', ...NPM_FLAGS], app);
}

function installedVersion(name) {
  try {
    return JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

/** The blocks of the page, in their order, each with the words of its step. */
const blocksOf = (page) =>
  [...page.matchAll(/^\*\*\d+\. (.+?)[.:,]?\*\*[\s\S]*?^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, step, language, text]) => ({ step, language, text }),
  );

const linesOf = (text) => text.split('\n').filter((line) => line.trim() !== '').length;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One terminal, in which everything is typed. */
class Terminal {
  output = '';

  constructor(env) {
    this.shell = spawn('bash', { cwd: app, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.shell.stdout, this.shell.stderr]) stream.on('data', (chunk) => (this.output += chunk));
  }

  type(text) {
    this.shell.stdin.write(`${text}\n`);
  }

  async shows(what, pattern) {
    const until = Date.now() + WITHIN_MS;
    while (!pattern.test(this.output)) {
      if (Date.now() > until || this.shell.exitCode !== null) throw new Error(`${what}: not seen in\n${this.output}`);
      await delay(20);
    }
  }

  close() {
    try {
      process.kill(-this.shell.pid, 'SIGKILL');
    } catch {
      // It has ended with everything in it.
    }
  }
}

let terminal;
const cluster = await startTestCluster(path.join(folder, 'postgres'));
try {
  makeApplication();
  const tarball = path.join(
    folder,
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root).trim(),
  );
  const [port, receiverPort] = [await freePort(), await freePort()];
  terminal = new Terminal({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATABASE_URL: cluster.url,
    PORT: `${port}`,
  });
  const beganAt = performance.now();
  const table = [];
  for (const { step, language, text } of blocksOf(readFileSync(PAGE, 'utf8'))) {
    const stepAt = performance.now();
    if (language === 'ts') writeFileSync(path.join(app, 'src', 'app.module.ts'), text);
    else {
      terminal.type(
        text
          // What npm would bring, and ports that are free on this machine.
          .replace('npm install posthorn', `npm install ${NPM_FLAGS.join(' ')} ${tarball}`)
          .replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`)
          .replaceAll(/(127\.0\.0\.1:|listen\()4000/g, `$1${receiverPort}`),
      );
      // Behind a line end of its own: what curl prints has none.
      terminal.type(`echo; echo "done: ${table.length}"`);
      await terminal.shows(step, new RegExp(`^done: ${table.length}$`, 'm'));
      if (text.includes('npm start')) await terminal.shows(step, /Nest application successfully started/);
    }
    table.push({ step, lines: linesOf(text), seconds: (performance.now() - stepAt) / 1000 });
  }
  await terminal.shows('The delivered event', /^Received \{.*"event":"order\.completed".*"orderId":"1042"/m);
  const seconds = (performance.now() - beganAt) / 1000;
  const lines = table.reduce((sum, row) => sum + row.lines, 0);
  for (const row of [...table, { step: 'to the first delivered event', lines, seconds }])
    console.log(
      `${row.step.padEnd(50)} ${String(row.lines).padStart(3)} lines ${row.seconds.toFixed(1).padStart(6)} s`,
    );
} finally {
  terminal?.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
