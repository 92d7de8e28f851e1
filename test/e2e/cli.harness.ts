// The command in this process: what it prints and answers, without the start of another one.
import { runCli } from '../../src/cli/cli.js';

/** What became of a command. */
export interface Finished {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

/** A command that runs until it is interrupted. */
export interface Running {
  /** What it printed so far. */
  readonly out: string[];
  readonly err: string[];
  /** Presses Ctrl-C. */
  interrupt(): Promise<number>;
  readonly ended: Promise<number>;
}

export function startCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const [out, err]: [string[], string[]] = [[], []];
  const ending = new AbortController();
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line), env };
  const ended = runCli(args, { ...io, signal: ending.signal });
  const interrupt = (): Promise<number> => {
    ending.abort();
    return ended;
  };
  return { out, err, ended, interrupt };
}

export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { ended, out, err } = startCommand(args, env);
  return { code: await ended, out, err };
}
