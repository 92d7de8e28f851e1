// Discord: https://docs.discord.com/developers/events/webhook-events#setting-up-an-endpoint; interactions sign alike.
import { parseHex } from '../../kernel/signatures/encoding.js';
import { ed25519Key } from '../../kernel/signatures/public-key.js';
import type { Secret } from '../../kernel/secret.js';
import { builtIn } from './built-in.js';
import { hex, oneSignature, withTime } from './claims.js';
import { always, field, firstOf, joined, moment } from './naming.js';
import { fieldOf } from './provider.js';
import type { Provider } from './provider.js';
import { publicKeyOf, timeThenBody } from './scheme.js';

const keyOf = (secret: Secret) => ed25519Key(parseHex(secret.reveal(), 32));

/** Both kinds of endpoint are asked, each with its own number and its own answer. */
const handshake: Provider['handshake'] = (_request, data) => {
  const type = fieldOf(data, ['type']);
  if (type === 0) return { kind: 'PING', contentType: 'application/json', body: '' };
  const interaction = fieldOf(data, ['event']) === undefined;
  return type === 1 && interaction ? { kind: 'PING', contentType: 'application/json', body: '{"type":1}' } : undefined;
};

/**
 * Discord: Ed25519 over time and body; what the source holds is the application's public key. Interactions are received
 * too, but what handlers want to say to them goes through Discord's API: our answer is always the same.
 */
export const discord = builtIn({
  name: 'discord',
  title: 'Discord',
  page: 'https://docs.discord.com/developers/events/webhook-events#setting-up-an-endpoint',
  secret: 'The application’s public key, in the Developer Portal under General Information',
  scheme: {
    read: withTime('X-Signature-Timestamp', oneSignature('X-Signature-Ed25519', hex(64))),
    check: publicKeyOf(keyOf, timeThenBody('')),
    time: { unit: 's', toleranceSeconds: 300 },
  },
  id: field('id'),
  type: firstOf(field('event', 'type'), joined('.', always('interaction'), field('type'))),
  occurredAt: moment('iso', 'event', 'timestamp'),
  handshake: { says: '`PING`: answered `{"type":1}` or 204, as its kind wants', answer: handshake },
  problemOf: (secrets) =>
    secrets.every(keyOf) ? undefined : 'A secret must be an Ed25519 public key in lower-case hex.',
});
