// Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, in the
// spec's own header names and in those of Svix, which it came from. Stricter than the official libraries: they take
// several spellings of one time, and mix the two sets of headers where both are there.
import { parseBase64 } from '../../kernel/signatures/encoding.js';
import { ed25519Key } from '../../kernel/signatures/public-key.js';
import type { Secret } from '../../kernel/secret.js';
import { builtIn } from './built-in.js';
import type { BuiltInProvider, Declaration } from './built-in.js';
import { base64, listedIn, reader, UNIX_TIME } from './claims.js';
import type { ClaimReader, Versions } from './claims.js';
import { field, firstMoment, firstOf, header, moment } from './naming.js';
import { headerOf } from './provider.js';
import { macOf, publicKeyOf } from './scheme.js';
import type { Check, Message, Scheme } from './scheme.js';

const NAMES = ['id', 'timestamp', 'signature'] as const;
const VERSIONS: Versions = { 'v1,': base64(32), 'v1a,': base64(64) };

const SECRET_PREFIX = /^(?:v1,)?whsec_/;
const PUBLIC_PREFIX = 'whpk_';
const ID = /^[\x21-\x7e]{1,255}$/;

const isPublic = (secret: Secret): boolean => secret.reveal().startsWith(PUBLIC_PREFIX);
const macKey = (secret: Secret): Buffer | undefined => parseBase64(secret.reveal().replace(SECRET_PREFIX, ''));
const publicKey = (secret: Secret) => ed25519Key(parseBase64(secret.reveal().slice(PUBLIC_PREFIX.length)));

const message: Message = ({ id, time }, { body }) => [`${id}.${time}.`, body];
const byMac = macOf('sha256', message, macKey);
const byPublicKey = publicKeyOf(publicKey, message);
const check: Check = (secret, ...request) => (isPublic(secret) ? byPublicKey : byMac)(secret, ...request);

/** Either set of headers; both at once only where they say the same. */
const readerOf = (prefix: 'webhook-' | 'svix-'): ClaimReader =>
  reader(
    NAMES.map((name) => prefix + name),
    ({ headers }) => {
      const [id, time, list] = NAMES.map((name) => {
        const [spec, svix] = [headerOf(headers, `webhook-${name}`), headerOf(headers, `svix-${name}`)];
        return spec !== undefined && svix !== undefined && spec !== svix ? null : (spec ?? svix);
      });
      if (id === undefined || time === undefined || list === undefined) return 'no_signature';
      if (id === null || time === null || list === null || !ID.test(id) || !UNIX_TIME.test(time)) return 'malformed';
      const claim = listedIn(list, VERSIONS, ' ');
      return claim === 'malformed' ? claim : { ...claim, id, time };
    },
  );

const schemeOf = (prefix: 'webhook-' | 'svix-'): Scheme => ({
  read: readerOf(prefix),
  check,
  time: { unit: 's', toleranceSeconds: 300 },
});

/** The scheme alone, for senders that offer it beside another one. */
export const standardScheme = schemeOf('webhook-');

type Particular = Pick<Declaration, 'name' | 'title' | 'page' | 'secret'>;

const standard = (prefix: 'webhook-' | 'svix-', { name, title, page, secret }: Particular): BuiltInProvider =>
  builtIn({
    name,
    title,
    page,
    secret,
    scheme: schemeOf(prefix),
    id: firstOf(header(`${prefix}id`), header(prefix === 'svix-' ? 'webhook-id' : 'svix-id')),
    // `event` is what we send ourselves, `event_type` what Svix's own examples have.
    type: firstOf(field('type'), field('event_type'), field('event')),
    occurredAt: firstMoment(moment('iso', 'timestamp'), moment('iso', 'created_at'), moment('s', 'created_at')),
    problemOf: (secrets) =>
      secrets.every((each) => (isPublic(each) ? publicKey(each) : macKey(each)))
        ? undefined
        : 'A secret must be whsec_ and base64, or whpk_ and the base64 of an Ed25519 key.',
  });

/** Everyone who signs by Standard Webhooks. The last three are it under the names of those who send it. */
export const standardWebhooks: readonly BuiltInProvider[] = [
  standard('webhook-', {
    name: 'standard-webhooks',
    title: 'Standard Webhooks, Posthorn',
    page: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
    secret: 'The endpoint’s secret (`whsec_…`), or the sender’s public key (`whpk_…`)',
  }),
  standard('svix-', {
    name: 'svix',
    title: 'Svix',
    page: 'https://docs.svix.com/receiving/verifying-payloads/how-manual',
    secret: 'The endpoint’s signing secret (`whsec_…`), in its details in the portal',
  }),
  standard('svix-', {
    name: 'clerk',
    title: 'Clerk',
    page: 'https://clerk.com/docs/webhooks/sync-data',
    secret: 'The endpoint’s signing secret (`whsec_…`), in the Dashboard under Webhooks',
  }),
  standard('svix-', {
    name: 'resend',
    title: 'Resend',
    page: 'https://resend.com/docs/dashboard/webhooks/verify-webhooks-requests',
    secret: 'The webhook’s signing secret (`whsec_…`), in its details in the dashboard',
  }),
  standard('webhook-', {
    name: 'openai',
    title: 'OpenAI',
    page: 'https://platform.openai.com/docs/guides/webhooks',
    secret: 'The endpoint’s signing secret (`whsec_…`), shown when it is made in the project’s settings',
  }),
  standard('webhook-', {
    name: 'supabase',
    title: 'Supabase Auth hooks',
    page: 'https://supabase.com/docs/guides/auth/auth-hooks',
    secret: 'The hook’s secret (`v1,whsec_…`), in the dashboard under Authentication → Hooks',
  }),
];
