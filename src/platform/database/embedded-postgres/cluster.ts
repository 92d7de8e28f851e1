// The directory of a cluster: making it, and refusing one that another version made.
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { POSTGRES_ENV, type Binaries } from './binaries.js';
import { codeOf, EmbeddedPostgresError } from './errors.js';
import { SUPERUSER } from './server-session.js';
import { requireNamedUser, whereabouts, type SystemUser } from './system-user.js';

/** Makes the cluster unless there is one. Only the owner of the data directory may call this. */
export async function prepareCluster(options: {
  directory: string;
  binaries: Binaries;
  user: SystemUser | undefined;
  /** False only for a cluster that may be lost, such as a test's. */
  durable: boolean;
}): Promise<void> {
  const { directory, binaries, user, durable } = options;
  const version = versionOf(directory);
  if (version === binaries.major) return;
  if (version !== undefined) {
    throw new EmbeddedPostgresError(
      'wrong_major_version',
      `The cluster in ${directory} was made by PostgreSQL ${version}, and the embedded one is ${binaries.major}. ` +
        `Dump it with the version of Posthorn that made it (pg_dump), move ${directory} away, start again and load the dump; ` +
        `or set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new EmbeddedPostgresError(
      'start_failed',
      `${directory} holds files but no PostgreSQL cluster. Move it away, or set DATA_DIR to another directory.`,
    );
  }
  if (!user) requireNamedUser();
  await initialize(directory, binaries, user, durable);
}

function versionOf(directory: string): string | undefined {
  try {
    return readFileSync(path.join(directory, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Made beside its place and moved there when complete: an initdb that is cut short leaves no half cluster. */
async function initialize(
  directory: string,
  binaries: Binaries,
  user: SystemUser | undefined,
  durable: boolean,
): Promise<void> {
  const parent = path.dirname(directory);
  const prefix = `${path.basename(directory)}.init-`;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  const draft = path.join(parent, `${prefix}${process.pid}`);
  mkdirSync(draft, { mode: 0o700 });
  if (user) chownSync(draft, user.uid, user.gid);
  const { cwd, dataDirArgument } = whereabouts(draft, user);
  const args = [
    '-D',
    dataDirArgument,
    '-U',
    SUPERUSER,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  if (!durable) args.push('--no-sync');
  const failure = await new Promise<string | undefined>((resolve) => {
    const output: Buffer[] = [];
    const child = spawn(binaries.initdb, args, { ...user, cwd, env: POSTGRES_ENV, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? undefined : Buffer.concat(output).toString()));
  });
  if (failure !== undefined) {
    rmSync(draft, { recursive: true, force: true });
    throw new EmbeddedPostgresError(
      'start_failed',
      `initdb could not make a PostgreSQL cluster in ${directory}.`,
      failure.trim().split('\n').slice(-15),
    );
  }
  renameSync(draft, directory);
}
