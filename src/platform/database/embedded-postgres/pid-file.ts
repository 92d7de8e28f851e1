// postmaster.pid, PostgreSQL's own lock on its directory.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync, chownSync } from 'node:fs';
import path from 'node:path';
import { codeOf, EmbeddedPostgresError } from './errors.js';

interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
  /** The lines that stay the same while this postmaster lives: pid, directory, start time, port. */
  readonly identity: string;
}

/** `undefined` where there is none, or none that is complete yet. */
export function readPidFile(clusterDir: string): PidFile | undefined {
  try {
    return parsePidFile(readFileSync(path.join(clusterDir, 'postmaster.pid'), 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw notOurs(clusterDir, error);
  }
}

export function parsePidFile(text: string): PidFile | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    port: Number(lines[3]) || 5432,
    ready: lines[7]?.trim() === 'ready',
    identity: lines.slice(0, 4).join('\n'),
  };
}

function notOurs(clusterDir: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'unreachable_path',
    `${clusterDir} cannot be read by this user: it belongs to another one. Start as that user, or set DATA_DIR to another directory.`,
    [],
    { cause },
  );
}

/**
 * Frees a directory whose postmaster.pid names a stranger that was given the pid later. The file is kept, with our pid in it:
 * PostgreSQL takes the pid of its parent for a leftover. Removing the file would be wrong: it also says which shared memory to
 * look for, and by that PostgreSQL refuses to start beside backends that outlived their postmaster.
 */
export function disownPidFile(clusterDir: string, port: number): void {
  const file = path.join(clusterDir, 'postmaster.pid');
  const [, ...rest] = readFileSync(file, 'utf8').split('\n');
  const { uid, gid, mode } = statSync(file);
  const draft = `${file}.new`;
  writeFileSync(draft, [process.pid, ...rest].join('\n'), { mode });
  if (process.getuid?.() === 0) chownSync(draft, uid, gid);
  renameSync(draft, file);
  rmSync(path.join(clusterDir, `.s.PGSQL.${port}.lock`), { force: true });
}
