// posthorn start: the server as a process. It reads the environment, takes signals and ends the process by itself.
import { argumentsOf } from '../usage.js';

export async function start(args: readonly string[]): Promise<number> {
  argumentsOf(args, {});
  await import('../../main.js');
  return 0;
}
