// One process owns a data directory: the one named in its owner file.
// Guarantee: of any number of processes that take a directory at the same moment, living or crashed at any point before,
// exactly one succeeds. Edge: processes that do not share a pid namespace (two containers on one volume) cannot see
// each other live; the caller also looks whether PostgreSQL answers in the directory.
import { hash, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, EmbeddedPostgresError } from './errors.js';
import { isRunning, nameOf, type ProcessName } from './processes.js';

/** What an owner file holds. */
interface Owner extends ProcessName {
  /** The process that stops PostgreSQL when the owner is killed. */
  readonly watchdog?: ProcessName;
}

/** The ownership of a data directory. */
export interface Ownership {
  /** The owner before us, if it died without letting go. */
  readonly previous: Owner | undefined;
  /** Writes down the watchdog, so that the next owner can wait for it to finish. */
  recordWatchdog(watchdog: ProcessName): void;
  /** Lets go of the directory. */
  release(): void;
}

const FILE = 'owner.json';

/** Takes the data directory for this process. @throws EmbeddedPostgresError `data_dir_in_use` */
export function takeOwnership(dataDir: string): Ownership {
  const file = path.join(dataDir, FILE);
  const self = nameOf(process.pid);
  let mine = JSON.stringify(self);
  const previous = take(file, mine, dataDir);
  return {
    previous,
    recordWatchdog(watchdog) {
      mine = JSON.stringify({ ...self, watchdog });
      replace(file, mine);
    },
    release() {
      if (read(file) === mine) rmSync(file, { force: true });
    },
  };
}

/**
 * Puts `mine` at `file`, exclusively. The file of a dead process is replaced only by the holder of a claim, a second file named
 * after the very text that is to be replaced; and only if that text is still there when the claim is held. Without this second
 * look, a process that was slow to read would overwrite an owner that came between. A claim is itself taken this way, so a
 * process that dies while it holds one blocks nobody.
 */
function take(file: string, mine: string, dataDir: string): Owner | undefined {
  for (;;) {
    if (createExclusively(file, mine)) return undefined;
    const held = read(file);
    if (held === undefined) continue;
    const owner = parse(held);
    if (owner && isRunning(owner)) throw inUse(dataDir, owner.pid);
    const claim = `${file}.${hash('sha256', held, 'hex').slice(0, 16)}`;
    take(claim, mine, dataDir);
    try {
      if (read(file) === held) {
        replace(file, mine);
        return owner ?? { pid: 0, startedAt: '', world: '' };
      }
    } finally {
      rmSync(claim, { force: true });
    }
  }
}

export function inUse(dataDir: string, pid: number | undefined): EmbeddedPostgresError {
  const holder =
    pid === process.pid ? 'this process already' : pid ? `process ${pid}` : 'a process in another container';
  return new EmbeddedPostgresError(
    'data_dir_in_use',
    `The data directory ${dataDir} is in use by ${holder}. Stop that one first, or set DATA_DIR to another directory.`,
  );
}

/** A link, not an exclusive open: the file appears with its content, never empty. */
function createExclusively(file: string, text: string): boolean {
  const draft = writeDraft(file, text);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(file: string, text: string): void {
  renameSync(writeDraft(file, text), file);
}

function writeDraft(file: string, text: string): string {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}`);
  // Readable by all: after one start as root, the user whose directory it is must see whom root left here.
  writeFileSync(draft, text, { mode: 0o644 });
  return draft;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** `undefined` for a text that is no owner: what a loss of power can leave of a file. */
function parse(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner;
    return typeof owner?.pid === 'number' && typeof owner.world === 'string' ? owner : undefined;
  } catch {
    return undefined;
  }
}
