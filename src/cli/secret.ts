// posthorn secret: a new secret, as a sender makes them.
import { newSecretPair } from '../testing/signers.js';
import type { Io } from './cli.js';
import { argumentsOf, providerNamed, UsageError } from './usage.js';

export function secret(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = argumentsOf(args, { positionals: 1 });
  const [name] = positionals;
  if (name === undefined) throw new UsageError('Say for which provider: posthorn secret <provider>.');
  const pair = newSecretPair(providerNamed(name));
  if (pair.secret === pair.signWith) io.out(pair.secret);
  else {
    io.out(`of the source   ${pair.secret}`);
    io.out(`to sign with    ${pair.signWith}`);
  }
  return Promise.resolve(0);
}
