// Tells whether a process that wrote down its name is still that process: a pid alone is reused, by a stranger or,
// in containers, by ourselves after a restart. Where there is no /proc the pid is all there is to go by.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** A process, named so that neither a reused pid nor a reboot can be taken for it. */
export interface ProcessName {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process; `''` without /proc. */
  readonly startedAt: string;
  /** The boot and the pid namespace in which `pid` means something; `''` without /proc. */
  readonly world: string;
}

function attempt(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

/** This boot and pid namespace: pids of another one say nothing here. */
export const thisWorld = [
  attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
  attempt(() => readlinkSync('/proc/self/ns/pid')),
]
  .filter((part) => part !== '')
  .join(' ');

/** The fields of /proc/<pid>/stat from the third on: the second is the command, which may hold blanks and brackets. */
function statOf(pid: number): string[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** True while the pid belongs to a process that still runs; one that only waits to be reaped does not. */
export function pidRuns(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const state = statOf(pid)[0];
  return state !== 'Z' && state !== 'X';
}

/** The lasting name of a running process. */
export function nameOf(pid: number): ProcessName {
  return { pid, startedAt: statOf(pid)[19] ?? '', world: thisWorld };
}

/** True while the very process that bore this name runs; always false for a name from another world. */
export function isRunning(name: ProcessName): boolean {
  if (name.world !== thisWorld || !pidRuns(name.pid)) return false;
  const startedAt = statOf(name.pid)[19];
  // Hidden from us (hidepid): taking it for alive errs on the side that destroys nothing.
  return startedAt === undefined || name.startedAt === '' || startedAt === name.startedAt;
}

/** The name of the program a process runs, without its path; `''` where the system does not tell. */
export function programOf(pid: number): string {
  const program = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '');
  if (program !== '' || process.platform === 'linux') return path.basename(program);
  return path.basename(attempt(() => execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' })));
}
