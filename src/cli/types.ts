// posthorn types: the catalogue of a server as TypeScript, printed or written to a file.
import { writeFile } from 'node:fs/promises';
import type { Io } from './cli.js';
import { Server } from './server.js';
import { typescriptOf } from './typescript.js';
import { argumentsOf, FailureError, httpUrl, UsageError } from './usage.js';

const DEFAULT_SERVER = 'http://127.0.0.1:3000';

export async function types(args: readonly string[], io: Io): Promise<number> {
  const { values } = argumentsOf(args, { one: ['out', 'server', 'api-key', 'tenant'] });
  const key = values['api-key'] ?? io.env.POSTHORN_API_KEY;
  if (!key) throw new UsageError('There is no API key: set POSTHORN_API_KEY, or give --api-key KEY.');
  const server = new Server(httpUrl('--server', values.server ?? DEFAULT_SERVER), {
    key,
    tenant: values.tenant,
    signal: io.signal,
  });
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
