// A PostgreSQL of our own in a data directory, for those who bring none: started from binaries that npm installed,
// stopped when we stop, stopped by its watchdog when we are killed, adopted when it outlived its owner.
import { accessSync, chmodSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../../../kernel/clock.js';
import { findBinaries } from './binaries.js';
import { prepareCluster } from './cluster.js';
import { EmbeddedPostgresError } from './errors.js';
import { inUse, takeOwnership, type Ownership } from './owner-file.js';
import { disownPidFile, parsePidFile, readPidFile } from './pid-file.js';
import { end, gone, launch, tailOf, untilReady, watch, type Postmaster } from './postmaster.js';
import { programOf, pidRuns, thisWorld } from './processes.js';
import { ensureDatabase, SUPERUSER, whoAnswers } from './server-session.js';
import { socketDirectoryFor } from './socket-directory.js';
import { systemUserFor, type SystemUser } from './system-user.js';
import { armWatchdog, type Watchdog } from './watchdog.js';

export interface EmbeddedPostgresOptions {
  /** Holds the cluster (`postgres/`), its log and the owner file. Made if it is missing. */
  dataDir: string;
  /** Settings as `name=value`; they come after ours and so win. Those of an adopted server stay as they are. */
  flags?: readonly string[];
  /** Told in sentences what was decided. */
  log?: (line: string) => void;
  /**
   * Where binaries are copied to when the installed ones cannot be reached by the user that PostgreSQL runs as.
   * @defaultValue as root `/var/lib/posthorn`, else `/var/tmp/posthorn`; as another user `dataDir`
   */
  sharedDir?: string;
  /** How long an orderly stop may take before PostgreSQL is ended at once. @defaultValue 10000 */
  stopWithinMs?: number;
}

/** A running PostgreSQL of ours. */
export interface EmbeddedPostgres {
  /** What `pg` and TypeORM take; `host` is the directory of the socket. */
  readonly connection: { host: string; port: number; user: string; database: string };
  /** The same as one string, for what takes only that. */
  readonly url: string;
  /** True where it was still running from an owner that died. */
  readonly adopted: boolean;
  /** The directory of the cluster. */
  readonly clusterDir: string;
  /** Fulfilled, with the reason, only if PostgreSQL ends without `stop()`. */
  readonly lost: Promise<EmbeddedPostgresError>;
  /** Stops PostgreSQL and lets go of the data directory. May be called again. */
  stop(): Promise<void>;
}

const DATABASE = 'posthorn';
const STOP_WITHIN_MS = 10_000;
/** How long a postmaster that runs but does not answer is given to come up or go down: a last checkpoint, or a recovery, takes its time on a slow disk. */
const SETTLE_WITHIN_MS = 60_000;
const RETRY_MS = 20;

const DEFAULT_FLAGS = [
  'listen_addresses=',
  'max_connections=100',
  // The data fits into memory for most; three processes less.
  'io_method=sync',
  'timezone=UTC',
  'log_timezone=UTC',
  // Statements and DETAIL lines hold the values of rows, and so payloads.
  'log_error_verbosity=terse',
  'log_min_error_statement=panic',
  'log_checkpoints=off',
  // The socket lies in the data directory; a relative path fits wherever that is.
  'unix_socket_directories=.',
  'unix_socket_permissions=0700',
] as const;

/** Starts the PostgreSQL of a data directory, or adopts it. @throws EmbeddedPostgresError */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = makeDataDir(path.resolve(options.dataDir));
  const ownership = takeOwnership(dataDir);
  try {
    return await startOwned(dataDir, ownership, options);
  } catch (error) {
    ownership.release();
    throw error;
  }
}

function makeDataDir(dataDir: string): string {
  try {
    if (!statSync(dataDir, { throwIfNoEntry: false })) {
      mkdirSync(dataDir, { recursive: true });
      chmodSync(dataDir, 0o700);
    }
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(dataDir);
  } catch (error) {
    throw new EmbeddedPostgresError(
      'unreachable_path',
      `The data directory ${dataDir} cannot be made, entered or written by this user. Set DATA_DIR to a directory that can be written.`,
      [],
      { cause: error },
    );
  }
}

async function startOwned(
  dataDir: string,
  ownership: Ownership,
  { flags = [], log = () => undefined, sharedDir, stopWithinMs = STOP_WITHIN_MS }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const clusterDir = path.join(dataDir, 'postgres');
  const logFile = path.join(dataDir, 'postgres.log');
  const logStart = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  const user = await systemUserFor(clusterDir);
  const socketDirectory = socketDirectoryFor(clusterDir);
  let postmaster: Postmaster | undefined;
  let watchdog: Watchdog | undefined;
  const takeDown = async (): Promise<void> => {
    if (postmaster) await end(postmaster.name, stopWithinMs);
    postmaster?.unwatch();
    // Last: killed until here, we still have it stopped.
    await watchdog?.disarm();
    socketDirectory.close();
  };
  try {
    const orphan = await settle({ dataDir, clusterDir, host: socketDirectory.path, ownership, log });
    if (orphan !== undefined) {
      postmaster = watch(orphan);
      watchdog = await armWatchdog(orphan, clusterDir, user);
      ownership.recordWatchdog(watchdog.name);
    } else {
      const binaries = await findBinaries(user, placesForBinaries(sharedDir, dataDir, user), log);
      await prepareCluster({ directory: clusterDir, binaries, user, durable: !flags.includes('fsync=off') });
      const launched = launch({ binaries, clusterDir, flags: [...DEFAULT_FLAGS, ...flags], logFile, user });
      postmaster = launched;
      if (launched.name.pid > 0) {
        watchdog = await armWatchdog(launched.name.pid, clusterDir, user);
        ownership.recordWatchdog(watchdog.name);
      }
      await untilReady(launched, clusterDir, () => tailOf(logFile, logStart));
    }
    const port = readPidFile(clusterDir)?.port ?? 5432;
    await ensureDatabase({ host: socketDirectory.path, port }, DATABASE);
    log(
      `PostgreSQL ${orphan === undefined ? 'runs' : 'was still running and is ours again'} in ${clusterDir} (pid ${postmaster.name.pid}).`,
    );

    let stopping: Promise<void> | undefined;
    const lost = new Promise<EmbeddedPostgresError>((resolve) => {
      void postmaster?.ended.then(() => {
        if (stopping) return;
        resolve(
          new EmbeddedPostgresError('ended', 'PostgreSQL ended without being asked to.', tailOf(logFile, logStart)),
        );
      });
    });
    const host = socketDirectory.path;
    return {
      connection: { host, port, user: SUPERUSER, database: DATABASE },
      url: `postgres://${SUPERUSER}@localhost:${port}/${DATABASE}?host=${encodeURIComponent(host)}`,
      adopted: orphan !== undefined,
      clusterDir,
      lost,
      stop: () => (stopping ??= takeDown().finally(() => ownership.release())),
    };
  } catch (error) {
    await takeDown();
    throw error;
  }
}

function placesForBinaries(sharedDir: string | undefined, dataDir: string, user: SystemUser | undefined): string[] {
  if (sharedDir !== undefined) return [sharedDir];
  return user ? ['/var/lib/posthorn', '/var/tmp/posthorn'] : [dataDir];
}

/**
 * Finds out what an earlier owner left: a PostgreSQL to adopt (its pid), or nothing that stands in the way of a start
 * (`undefined`). A pid that is dead is left to PostgreSQL, whose own check looks for orphaned backends too.
 */
async function settle(context: {
  dataDir: string;
  clusterDir: string;
  host: string;
  ownership: Ownership;
  log: (line: string) => void;
}): Promise<number | undefined> {
  const { dataDir, clusterDir, host, ownership, log } = context;
  const { previous } = ownership;
  // A watchdog at work is about to stop what we would adopt.
  if (previous?.watchdog) await gone(previous.watchdog, SETTLE_WITHIN_MS);
  const deadline = monotonicNow() + SETTLE_WITHIN_MS;
  for (;;) {
    const pidFile = readPidFile(clusterDir);
    if (!pidFile) return undefined;
    const answer = await whoAnswers({ host, port: pidFile.port });
    if (answer.state === 'serving' && parsePidFile(answer.pidFile)?.identity === pidFile.identity) {
      // It answers, but its pid means nothing here: it runs in another container that shares this directory.
      const elsewhere = !pidRuns(pidFile.pid) || (previous && previous.pid > 0 && previous.world !== thisWorld);
      if (elsewhere) throw inUse(dataDir, undefined);
      return pidFile.pid;
    }
    if (answer.state === 'silent') {
      if (!pidRuns(pidFile.pid)) return undefined;
      const program = programOf(pidFile.pid);
      // A backend calls itself "postgres: …"; only a postmaster is "postgres". Where we are not told, we assume the worst.
      if (program !== '' && program !== 'postgres') {
        log(`postmaster.pid in ${clusterDir} names process ${pidFile.pid}, which is ${program}: it is a leftover.`);
        disownPidFile(clusterDir, pidFile.port);
        return undefined;
      }
    }
    if (monotonicNow() > deadline) {
      throw new EmbeddedPostgresError(
        'start_failed',
        `${clusterDir} belongs to process ${pidFile.pid}, which does not answer. If that is a PostgreSQL of Posthorn, end it (kill -QUIT ${pidFile.pid}); if not, remove ${clusterDir}/postmaster.pid. Then start again.`,
      );
    }
    await delay(RETRY_MS);
  }
}
