// Whom PostgreSQL runs as, and which directories that user can reach. PostgreSQL refuses to run as root.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './errors.js';

/** A user of the operating system, other than the one we are. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/**
 * The user PostgreSQL must run as; `undefined` where we may run it as ourselves. A cluster that exists decides: its
 * files can be used by nobody else.
 */
export async function systemUserFor(clusterDir: string): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const cluster = statSync(clusterDir, { throwIfNoEntry: false });
  if (cluster && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid };
  for (const name of ['postgres', 'nobody']) {
    const user = await lookUp(name);
    if (!user) continue;
    if (!cluster) return user;
    throw new EmbeddedPostgresError(
      'unreachable_path',
      `${clusterDir} belongs to root, and PostgreSQL does not run as root. Give it to the user ${name}: chown -R ${user.uid}:${user.gid} ${clusterDir}`,
    );
  }
  throw new EmbeddedPostgresError(
    'no_system_user',
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as. Create one, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

async function lookUp(name: string): Promise<SystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** initdb looks up the name of the user it runs as, which containers with an arbitrary uid do not have. */
export function requireNamedUser(): void {
  try {
    userInfo();
  } catch (error) {
    throw new EmbeddedPostgresError(
      'no_system_user',
      `This process runs as uid ${process.getuid?.()}, which has no entry in /etc/passwd, and initdb needs one. Run as a named user, or set DATABASE_URL to a PostgreSQL of your own.`,
      [],
      { cause: error },
    );
  }
}

/** How PostgreSQL is told its directory: what to be in, and what to call it. */
interface Whereabouts {
  readonly cwd: string;
  readonly dataDirArgument: string;
}

/**
 * As another user on Linux, PostgreSQL is started inside its directory and knows it by /proc/self/cwd only: that name
 * leads there without passing through the parents, so they may all be 0700 and root's. Node changes directory before it
 * gives up root. `show data_directory` answers /proc/self/cwd then. Elsewhere the user has to reach it by its path.
 */
export function whereabouts(directory: string, user: SystemUser | undefined): Whereabouts {
  if (!user) return { cwd: directory, dataDirArgument: directory };
  if (process.platform === 'linux') return { cwd: directory, dataDirArgument: '/proc/self/cwd' };
  const barrier = firstClosedParent(directory, user);
  if (barrier === undefined) return { cwd: directory, dataDirArgument: directory };
  throw new EmbeddedPostgresError(
    'unreachable_path',
    `PostgreSQL runs as uid ${user.uid}, which may not enter ${barrier}. Run "chmod o+x ${barrier}", set DATA_DIR to another place, or do not run as root.`,
  );
}

/** The outermost parent that the user may not pass through, by its permission bits. */
function firstClosedParent(directory: string, user: SystemUser): string | undefined {
  const parents: string[] = [];
  for (let parent = path.dirname(directory); ; parent = path.dirname(parent)) {
    parents.unshift(parent);
    if (parent === path.dirname(parent)) break;
  }
  return parents.find((parent) => {
    const { uid, gid, mode } = statSync(parent);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    return (mode & bit) === 0;
  });
}
