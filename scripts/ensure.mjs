// What has to be there before Posthorn runs from a checkout: packages that fit the lock file, and a build that fits the
// sources. Uses nothing but Node, because it runs before there is anything else.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The library runs on 20.12; what builds the dashboard does not. */
const OLDEST_NODE = [20, 19];

/** The checkout these scripts lie in. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const at = (...names) => path.join(root, ...names);

/** Prints a sentence and ends the process. */
function giveUp(sentence, code = 1) {
  console.error(sentence);
  process.exit(code);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  giveUp(
    `Posthorn needs Node ${OLDEST_NODE.join('.')} or newer, and this is ${process.versions.node}. Install a newer one from https://nodejs.org.`,
  );
}

const readIfThere = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
const modifiedAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Installs the packages of package-lock.json unless they are installed. */
export function ensureInstalled() {
  requireNode();
  const lock = at('package-lock.json');
  if (!existsSync(lock))
    giveUp(`${lock} is missing, so which packages to install is not known. Restore it from the repository.`);
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  const stamp = at('node_modules', '.posthorn-stamp');
  if (readIfThere(stamp) === wanted) return;
  // npm writes this file last: newer than the lock file and our stamp, it speaks of an "npm install" by hand since.
  const installedAt = modifiedAt(at('node_modules', '.package-lock.json'));
  if (installedAt > modifiedAt(lock) && installedAt > modifiedAt(stamp)) {
    writeStamp(stamp, wanted);
    return;
  }
  console.log('Installing packages (npm ci) …');
  // NODE_ENV=production would leave out the compiler.
  const { status, error } = runNpm(['ci', '--include=dev', '--no-audit', '--no-fund']);
  if (error) giveUp(`npm cannot be run (${error.message}). Install npm, which comes with Node, and try again.`);
  if (status !== 0)
    giveUp('The packages could not be installed; what npm said is above. Mend that and try again.', status ?? 1);
  writeStamp(stamp, wanted);
}

/** Started by npm, we use that very npm; else the one on the PATH (a .cmd on Windows, which only a shell runs). */
function runNpm(args) {
  const npm = process.env.npm_execpath;
  if (npm && /npm-cli\.c?js$/.test(npm))
    return spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' });
  return spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}

/** Builds dist unless it was built from these very sources. */
export function ensureBuilt() {
  requireNode();
  const stamp = at('dist', '.stamp');
  if (!existsSync(at('src'))) {
    // An image that ships only what was built.
    if (existsSync(at('dist', 'main.js'))) return;
    giveUp(
      `There is neither ${at('src')} to build from nor ${at('dist', 'main.js')}. Run this from a complete checkout.`,
    );
  }
  const wanted = hashOfSources();
  if (existsSync(at('dist', 'main.js')) && readIfThere(stamp) === wanted) return;
  const nest = at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  if (!existsSync(nest))
    giveUp(
      'The compiler is not installed, because packages were installed without development ones. Run "npm ci --include=dev".',
    );
  console.log('Building …');
  build([nest, 'build']);
  // After the compiler, which empties dist.
  build([at('node_modules', 'vite', 'bin', 'vite.js'), 'build', 'dashboard']);
  writeStamp(stamp, wanted);
}

function build(command) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) giveUp('Posthorn could not be built; what the compiler said is above.', status ?? 1);
}

/** Names and contents; times would differ in each clone. */
function hashOfSources() {
  const settings = readdirSync(root).filter(
    (name) => /^tsconfig.*\.json$/.test(name) || name === 'nest-cli.json' || name === 'package-lock.json',
  );
  const sources = ['src', 'dashboard'].flatMap((folder) =>
    readdirSync(at(folder), { recursive: true }).map((name) => path.join(folder, name)),
  );
  const hash = createHash('sha256');
  for (const name of [...settings, ...sources].sort()) {
    if (!statSync(at(name)).isFile()) continue;
    hash.update(`${name.replaceAll('\\', '/')}\0`).update(
      createHash('sha256')
        .update(readFileSync(at(name)))
        .digest(),
    );
  }
  return hash.digest('hex');
}

/** A stamp that cannot be written (a read-only checkout) costs a check next time, nothing more. */
function writeStamp(file, text) {
  try {
    writeFileSync(file, `${text}\n`);
  } catch (error) {
    console.warn(`${file} could not be written (${error.code}); the next start will check again.`);
  }
}
