// The command as a function: arguments in, lines out, exit code back. It loads only what a command needs, so that it is there at
// once. Only commands about the machine of a server (host/) load the server.
import { VERSION } from '../kernel/version.js';
import { HELP } from './help.js';
import { argumentsOf, FailureError, PROVIDERS, UsageError } from './usage.js';

/** What a command has of the world. */
export interface Io {
  out(line: string): void;
  err(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants it to end. */
  readonly signal: AbortSignal;
}

/** Fulfils with an exit code. */
type Command = (args: readonly string[], io: Io) => Promise<number>;

const COMMANDS: Readonly<Record<Exclude<keyof typeof HELP, 'main'>, () => Promise<Command>>> = {
  start: async () => (await import('./host/start.js')).start,
  migrate: async () => (await import('./host/migrate.js')).migrate,
  doctor: async () => (await import('./host/doctor.js')).doctor,
  keys: async () => (await import('./keys.js')).keys,
  replay: async () => (await import('./replay.js')).replay,
  send: async () => (await import('./send.js')).send,
  listen: async () => (await import('./listen.js')).listen,
  types: async () => (await import('./types.js')).types,
  'rotate-encryption-key': async () => (await import('./rotate-encryption-key.js')).rotateEncryptionKey,
  secret: async () => (await import('./secret.js')).secret,
  providers: () => Promise.resolve(providers),
};
const isCommand = (name: string | undefined): name is keyof typeof COMMANDS =>
  name !== undefined && Object.hasOwn(COMMANDS, name);

/** Runs one command, and answers its exit code: 0 for success, 1 for failure, 2 for bad usage. */
export async function runCli([name, ...args]: readonly string[], io: Io): Promise<number> {
  try {
    if (isCommand(name)) {
      if (args.some(isHelp)) return said(HELP[name], io);
      const command = await COMMANDS[name]();
      return await command(args, io);
    }
    if (name === '--version' || name === '-v') return said(VERSION, io);
    if (name === undefined || name === 'help' || isHelp(name)) return said(HELP.main, io);
    throw new UsageError(`There is no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}.`);
  } catch (error) {
    // Ctrl-C, in the middle of something.
    if (io.signal.aborted) return 0;
    if (!(error instanceof UsageError || error instanceof FailureError)) throw error;
    io.err(error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

const isHelp = (argument: string): boolean => argument === '--help' || argument === '-h';

function said(text: string, io: Io): number {
  io.out(text.trimEnd());
  return 0;
}

const providers: Command = (args, io) => {
  argumentsOf(args, {});
  return Promise.resolve(said(PROVIDERS.join('\n'), io));
};
