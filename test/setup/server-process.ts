// The server as a process of its own, from the build that users run: started, read, signalled, killed.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { eventually } from './eventually.js';
import { urlOf } from './database.js';
import { leftOpen } from './left-open.js';

const root = path.resolve(import.meta.dirname, '..', '..');

/** Any number: what else locks in that database does not know it. */
const BUILD_LOCK = 7_301_944;

/** Builds dist unless it is of these sources. Test files run side by side, so one builds and the others wait. */
export async function ensureBuiltOnce(): Promise<void> {
  const client = new pg.Client(urlOf('postgres'));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [BUILD_LOCK]);
    const code = `import { ensureBuilt } from './scripts/ensure.mjs'; ensureBuilt();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, stdio: 'pipe' });
  } finally {
    await client.end();
  }
}

/** A stop that takes longer than this has come to nothing. */
const PATIENCE_MS = 60_000;

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ServerProcess {
  /** Everything that was printed so far, on both streams. */
  output = '';
  readonly ended: Promise<Ending>;
  private ending: Ending | undefined;
  private readonly child: ChildProcess;

  /**
   * Starts `node dist/main.js`, or another program, as the leader of a process group of its own, with nothing but this environment.
   *
   * @param preload - Modules that Node imports before it.
   * @param checkout - Where `dist` lies: this checkout, unless it is to be another version.
   */
  constructor(
    env: Record<string, string>,
    {
      preload = [],
      checkout = root,
      program = path.join(checkout, 'dist', 'main.js'),
      args = [],
    }: { preload?: readonly string[]; checkout?: string; program?: string; args?: readonly string[] } = {},
  ) {
    const imports = preload.flatMap((url) => ['--import', url]);
    this.child = spawn(process.execPath, [...imports, program, ...args], {
      env: { PATH: process.env.PATH, PORT: '0', ...env },
      // Where no .env of a developer lies.
      cwd: env.DATA_DIR ? path.dirname(env.DATA_DIR) : '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve((this.ending = { code, signal })));
    });
    const end = (): Promise<void> => this.end();
    leftOpen.add(end);
    void this.ended.then(() => leftOpen.delete(end));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get runs(): boolean {
    return this.ending === undefined;
  }

  /** The address it listens at, once it says so. */
  url({ within = 240_000 }: { within?: number } = {}): Promise<string> {
    return eventually(
      () => {
        const url = /listens at (http:\/\/\S+)/.exec(this.output)?.[1];
        if (url === undefined) throw new Error(this.runs ? this.output : `It ended: ${this.output}`);
        return url;
      },
      'the server says where it listens',
      { within },
    );
  }

  /** The admin key it printed, if it did. */
  get printedKey(): string | undefined {
    return /Admin key +(\S+)/.exec(this.output)?.[1];
  }

  signal(name: NodeJS.Signals): void {
    if (this.runs) process.kill(this.pid, name);
  }

  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.signal(name);
    return this.ended;
  }

  /** Stops it, or kills it where it hangs: it would outlive the tests that left it. */
  private async end(): Promise<void> {
    const patience = setTimeout(() => this.signal('SIGKILL'), PATIENCE_MS);
    await this.stop();
    clearTimeout(patience);
  }

  /** Ends it in mid-flight: alone, or with everything in its process group. */
  async kill({ group = false } = {}): Promise<void> {
    if (this.runs) process.kill(group ? -this.pid : this.pid, 'SIGKILL');
    await this.ended;
  }
}

/** A call of the API of a server process. */
export async function call<Body = Record<string, unknown>>(
  url: string,
  key: string,
  method: string,
  target: string,
  body?: unknown,
): Promise<{ status: number; body: Body }> {
  const response = await fetch(url + target, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : undefined) as Body };
}
