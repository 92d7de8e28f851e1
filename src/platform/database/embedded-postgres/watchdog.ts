// Stops PostgreSQL when we are killed, alone or with our whole process group: a shell of its own session that waits for
// the end of our pipe. Edge: whoever kills it too leaves PostgreSQL running, and the next owner adopts it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { POSTGRES_ENV } from './binaries.js';
import { EmbeddedPostgresError } from './errors.js';
import { nameOf, type ProcessName } from './processes.js';
import type { SystemUser } from './system-user.js';

export interface Watchdog {
  readonly name: ProcessName;
  /** Lets PostgreSQL live: call it only once PostgreSQL is gone, or must outlive us. */
  disarm(): Promise<void>;
}

/**
 * Signals only the pid that postmaster.pid names, so never a stranger that was given the pid later; and tries for some
 * seconds, because the file appears a moment after the process.
 */
const SCRIPT = `
while read -r _; do :; done
for _ in 1 2 3 4 5 6 7 8 9 10; do
  read -r pid < postmaster.pid && [ "$pid" = "$1" ] && kill -INT "$1" && exit
  kill -0 "$1" || exit
  sleep 0.3
done`;

export async function armWatchdog(pid: number, clusterDir: string, user: SystemUser | undefined): Promise<Watchdog> {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'posthorn-watchdog', String(pid)], {
    ...user,
    cwd: clusterDir,
    env: POSTGRES_ENV,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit').catch(() => undefined);
  child.stdin.on('error', () => undefined);
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error').catch((cause: unknown) => [cause])) as [unknown];
    throw new EmbeddedPostgresError(
      'start_failed',
      '/bin/sh, which stops PostgreSQL when we are killed, cannot be run.',
      [],
      {
        cause: error,
      },
    );
  }
  // Neither the process nor the pipe may keep us alive.
  child.unref();
  (child.stdin as Socket).unref();
  return {
    name: nameOf(child.pid),
    async disarm() {
      if (child.exitCode === null && child.signalCode === null) {
        child.ref();
        child.kill('SIGKILL');
        await ended;
      }
      child.stdin.destroy();
    },
  };
}
