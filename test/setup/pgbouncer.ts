// A PgBouncer of a test's own, before the PostgreSQL of the run, on a free port of this machine.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { urlOf } from './database.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const HOW_TO_GET_IT = 'pgbouncer is not installed (Debian: apt-get install pgbouncer)';

/**
 * Why tests that need PgBouncer are skipped; `undefined` where they run.
 *
 * @throws under CI, where a skipped test is a failure
 */
export function pgBouncerMissing(): string | undefined {
  if (spawnSync('pgbouncer', ['--version']).status === 0) return undefined;
  if (process.env.CI === 'true') throw new Error(`${HOW_TO_GET_IT}, and under CI nothing is skipped.`);
  return HOW_TO_GET_IT;
}

export interface PgBouncer {
  /** A database of the run's PostgreSQL, through the pooler. */
  urlOf(directUrl: string): string;
  stop(): Promise<void>;
}

export async function startPgBouncer(mode: 'session' | 'transaction'): Promise<PgBouncer> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'posthorn-pgbouncer-'));
  const direct = new URL(urlOf('postgres'));
  const host = decodeURIComponent(direct.searchParams.get('host') ?? direct.hostname);
  const password = direct.password && ` password=${direct.password}`;
  const lines = [
    '[databases]',
    `* = host=${host} port=${direct.port || 5432} user=${direct.username}${password}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    'max_client_conn = 200',
    'default_pool_size = 80',
  ];
  const file = path.join(folder, 'pgbouncer.ini');
  writeFileSync(file, lines.join('\n'));
  chmodSync(folder, 0o755);
  // It never runs as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...user, file], { cwd: '/', stdio: 'ignore' });
  const ended = once(child, 'exit');
  const through = (directUrl: string): string => `postgres://any@127.0.0.1:${port}${new URL(directUrl).pathname}`;
  await eventually(async () => {
    const client = new pg.Client(through(direct.href));
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
    return true;
  }, 'PgBouncer answers');
  return {
    urlOf: through,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
