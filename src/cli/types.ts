// posthorn types: the catalogue of a server as TypeScript, printed or written to a file.
import { writeFile } from 'node:fs/promises';
import type { Io } from './cli.js';
import { SERVER_OPTIONS, serverOf } from './server.js';
import { typescriptOf } from './typescript.js';
import { argumentsOf, FailureError } from './usage.js';

export async function types(args: readonly string[], io: Io): Promise<number> {
  const { values } = argumentsOf(args, { one: ['out', ...SERVER_OPTIONS] });
  const server = serverOf(values, io);
  const catalogue = (await server.eventTypes()).filter(({ archived }) => !archived);
  const text = typescriptOf([...catalogue].sort((a, b) => (a.name < b.name ? -1 : 1)));
  if (values.out === undefined) io.out(text.trimEnd());
  else await write(values.out, text);
  if (values.out !== undefined) io.err(`${catalogue.length} event types are in ${values.out}.`);
  return 0;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new FailureError(`The file cannot be written: ${(error as Error).message}.`);
  }
}
