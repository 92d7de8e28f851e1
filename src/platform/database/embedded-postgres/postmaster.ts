// A running PostgreSQL: starting one that survives our signals, watching it, and stopping it.
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../../../kernel/clock.js';
import { POSTGRES_ENV, type Binaries } from './binaries.js';
import { EmbeddedPostgresError } from './errors.js';
import { readPidFile } from './pid-file.js';
import { isRunning, nameOf, type ProcessName } from './processes.js';
import { whereabouts, type SystemUser } from './system-user.js';

const POLL_MS = 10;
const WATCH_MS = 500;
/** Recovery after a crash replays at most some gigabytes of log; beyond this something else is wrong. */
const READY_WITHIN_MS = 600_000;
const LOG_LIMIT_BYTES = 10_000_000;

export interface Postmaster {
  readonly name: ProcessName;
  /** Fulfilled when it has ended, however it came to that. */
  readonly ended: Promise<void>;
  /** Stops watching it without stopping it. */
  unwatch(): void;
}

/**
 * Starts PostgreSQL in its own session, so that Ctrl-C reaches us alone and the database outlives our drain. Its output
 * goes to a file, not a pipe: a pipe would break, and stop it, when we end.
 */
export function launch(options: {
  binaries: Binaries;
  clusterDir: string;
  flags: readonly string[];
  logFile: string;
  user: SystemUser | undefined;
}): Postmaster & { readonly failure: Promise<Error> } {
  const { binaries, clusterDir, flags, logFile, user } = options;
  const { cwd, dataDirArgument } = whereabouts(clusterDir, user);
  const output = openLog(logFile);
  const args = ['-D', dataDirArgument, ...flags.flatMap((flag) => ['-c', flag])];
  const child = spawn(binaries.postgres, args, {
    ...user,
    cwd,
    env: POSTGRES_ENV,
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.unref();
  const failure = new Promise<Error>((resolve) => {
    child.on('error', resolve);
    child.on('exit', (code, signal) => resolve(new Error(`it exited with ${signal ?? `code ${code}`}`)));
  });
  return {
    name: child.pid === undefined ? { pid: 0, startedAt: '', world: '' } : nameOf(child.pid),
    failure,
    ended: failure.then(() => undefined),
    unwatch: () => undefined,
  };
}

/** Watches a PostgreSQL that another process started, and whose exit the system therefore does not tell us. */
export function watch(pid: number): Postmaster {
  const name = nameOf(pid);
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (isRunning(name)) return;
      clearInterval(timer);
      resolve();
    }, WATCH_MS);
    timer.unref();
  });
  return { name, ended, unwatch: () => clearInterval(timer) };
}

/** Waits until it takes connections. @throws EmbeddedPostgresError `start_failed` with the end of its log */
export async function untilReady(
  postmaster: ReturnType<typeof launch>,
  clusterDir: string,
  logTail: () => string[],
): Promise<void> {
  let failed: Error | undefined;
  void postmaster.failure.then((error) => (failed = error));
  const deadline = monotonicNow() + READY_WITHIN_MS;
  for (;;) {
    const pidFile = readPidFile(clusterDir);
    if (pidFile?.pid === postmaster.name.pid && pidFile.ready) return;
    await delay(POLL_MS);
    if (failed) {
      throw new EmbeddedPostgresError('start_failed', `PostgreSQL did not start: ${failed.message}.`, logTail(), {
        cause: failed,
      });
    }
    if (monotonicNow() > deadline) {
      throw new EmbeddedPostgresError(
        'start_failed',
        `PostgreSQL was not ready after ${READY_WITHIN_MS} ms.`,
        logTail(),
      );
    }
  }
}

/**
 * Ends it: SIGINT breaks off connections and writes everything out; after `withinMs`, SIGQUIT ends it at once, and the
 * next start recovers from its log. Either way nothing that was committed is lost.
 */
export async function end(name: ProcessName, withinMs: number): Promise<void> {
  const steps = [
    ['SIGINT', withinMs],
    // On SIGQUIT, PostgreSQL itself allows its processes five seconds.
    ['SIGQUIT', 8_000],
    ['SIGKILL', 5_000],
  ] as const;
  for (const [signal, patienceMs] of steps) {
    if (!isRunning(name)) return;
    try {
      process.kill(name.pid, signal);
    } catch {
      return;
    }
    if (await gone(name, patienceMs)) return;
  }
}

/** True once the process is gone, false when it still runs after `withinMs`. */
export async function gone(name: ProcessName, withinMs: number): Promise<boolean> {
  const deadline = monotonicNow() + withinMs;
  while (isRunning(name)) {
    if (monotonicNow() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** Keeps one older log beside the current one, so that logs do not pile up over the restarts of years. */
function openLog(file: string): number {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
  // One that cannot be written was left by a start as root.
  if (size > LOG_LIMIT_BYTES || (size > 0 && !writable(file))) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

function writable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The last lines written to a log since it had `from` bytes. */
export function tailOf(file: string, from: number): string[] {
  try {
    return readFileSync(file).subarray(from).toString('utf8').trim().split('\n').slice(-15);
  } catch {
    return [];
  }
}
