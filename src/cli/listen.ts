import type { Io } from './cli.js';
export function listen(_args: readonly string[], _io: Io): Promise<number> {
  return Promise.resolve(0);
}
