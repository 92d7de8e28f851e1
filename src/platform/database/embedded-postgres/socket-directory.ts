// The name by which clients reach PostgreSQL's socket. The socket always lies in the cluster's directory, which only
// its user can enter; that takes the place of a port and a password.
import { hash } from 'node:crypto';
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { codeOf, EmbeddedPostgresError } from './errors.js';

/** The longest path of a socket that the system takes, in bytes. */
const LIMIT = process.platform === 'linux' ? 107 : 103;
/** The longest name a socket has in its directory. */
const LONGEST_NAME = '/.s.PGSQL.65535';
/** Cleaners of temporary directories remove what looks old. */
const REFRESH_MS = 3_600_000;

interface SocketDirectory {
  readonly path: string;
  /** Removes the link; only while the data directory is still ours. */
  close(): void;
}

/**
 * The cluster's directory itself or, where its path is too long for a socket, a short link to it: the same one for the
 * same directory each time. The link lies in a directory of ours that others cannot write, else another user could lead
 * us to a PostgreSQL of his own.
 */
export function socketDirectoryFor(clusterDir: string): SocketDirectory {
  if (fits(clusterDir)) return { path: clusterDir, close: () => undefined };
  const name = `posthorn-${process.getuid?.() ?? 0}`;
  const short = path.join(fits(path.join(tmpdir(), name, 'x'.repeat(16))) ? tmpdir() : '/tmp', name);
  const link = path.join(short, hash('sha256', clusterDir, 'hex').slice(0, 16));
  makeLink(short, link, clusterDir);
  const refresh = setInterval(() => {
    try {
      makeLink(short, link, clusterDir);
    } catch {
      // Connections that are open go on; the next hour tries again.
    }
  }, REFRESH_MS);
  refresh.unref();
  return {
    path: link,
    close() {
      clearInterval(refresh);
      rmSync(link, { force: true });
    },
  };
}

const fits = (directory: string): boolean => Buffer.byteLength(directory + LONGEST_NAME) <= LIMIT;

function makeLink(short: string, link: string, clusterDir: string): void {
  try {
    mkdirSync(short, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const { uid, mode } = lstatSync(short);
  if (!lstatSync(short).isDirectory() || uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new EmbeddedPostgresError(
      'unreachable_path',
      `The path of ${clusterDir} is too long for a socket, and ${short}, where a short one would lie, is not ours alone. Remove it, or set DATA_DIR to a shorter path.`,
    );
  }
  try {
    if (readlinkSync(link) === clusterDir) return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EINVAL') throw error;
  }
  rmSync(link, { recursive: true, force: true });
  symlinkSync(clusterDir, link);
}
