// posthorn rotate-encryption-key: everything that is sealed is sealed anew under the first key of the ring.
import type { Io } from './cli.js';
import { serverOf } from './server.js';
import { argumentsOf, UsageError } from './usage.js';

export async function rotateEncryptionKey(args: readonly string[], io: Io): Promise<number> {
  const { values } = argumentsOf(args, { one: ['server', 'api-key'] });
  if (!values['api-key'] && !io.env.ADMIN_API_KEY)
    throw new UsageError('There is no admin key: set ADMIN_API_KEY, or give --api-key KEY.');
  const server = serverOf(values, io, ['ADMIN_API_KEY']);
  const { reencrypted, unreadable } = await server.reEncrypt();
  io.out(`${reencrypted} sealed anew, ${unreadable} that no key opens.`);
  if (unreadable === 0) io.out('The keys behind the first may be dropped from ENCRYPTION_KEY, on every replica.');
  else io.err('Keep every key that you have: what is unreadable may be under one that is missing here.');
  return unreadable === 0 ? 0 : 1;
}
