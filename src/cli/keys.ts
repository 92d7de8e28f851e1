// posthorn keys: API keys of a server, made, listed and revoked. What is made is printed alone, so that a script can take it.
import type { Io } from './cli.js';
import { SERVER_OPTIONS, serverOf } from './server.js';
import type { Server } from './server.js';
import { argumentsOf, UsageError } from './usage.js';

/** A key as the server shows it. */
interface KeyAnswer {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  /** In the answer that makes it alone. */
  readonly key?: string;
}

const ACTIONS = { create, list, revoke };

export async function keys([name, ...args]: readonly string[], io: Io): Promise<number> {
  if (name === undefined || !Object.hasOwn(ACTIONS, name))
    throw new UsageError(`Say what is to be done: posthorn keys ${Object.keys(ACTIONS).join(', or ')}.`);
  await ACTIONS[name as keyof typeof ACTIONS](args, io);
  return 0;
}

const serverAt = (values: Parameters<typeof serverOf>[0], io: Io): Server =>
  serverOf(values, io, ['POSTHORN_API_KEY', 'ADMIN_API_KEY']);

async function create(args: readonly string[], io: Io): Promise<void> {
  const { values } = argumentsOf(args, { one: ['name', 'scopes', 'expires-at', ...SERVER_OPTIONS] });
  const { name, scopes, 'expires-at': expiresAt } = values;
  if (name === undefined || scopes === undefined)
    throw new UsageError('A key needs --name NAME and --scopes SCOPE,SCOPE.');
  const made = await serverAt(values, io).call<KeyAnswer>('POST', 'api/api-keys', {
    name,
    scopes: scopes.split(',').map((scope) => scope.trim()),
    ...(expiresAt !== undefined && { expiresAt }),
  });
  io.out(made.key ?? '');
  io.err(`Key ${made.id} (${made.name}) may ${made.scopes.join(', ')}. It is not shown again.`);
}

async function list(args: readonly string[], io: Io): Promise<void> {
  const { values } = argumentsOf(args, { one: SERVER_OPTIONS });
  for (const key of await serverAt(values, io).all<KeyAnswer>('api/api-keys'))
    io.out(
      [
        key.id,
        `${key.prefix}…`,
        key.name,
        key.scopes.join(','),
        `expires ${key.expiresAt ?? 'never'}`,
        `last used ${key.lastUsedAt ?? 'never'}`,
      ].join('\t'),
    );
}

async function revoke(args: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = argumentsOf(args, { one: SERVER_OPTIONS, positionals: 1 });
  const [id] = positionals;
  if (id === undefined)
    throw new UsageError('Say which key: posthorn keys revoke <id>. "posthorn keys list" shows them.');
  await serverAt(values, io).call('DELETE', `api/api-keys/${encodeURIComponent(id)}`);
  io.err(`Key ${id} is revoked; every replica refuses it within a second.`);
}
