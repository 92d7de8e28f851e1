// What is said about how to use the command, and how its arguments are read.
import { parseArgs } from 'node:util';
import { VERSION } from '../kernel/version.js';
import { SIGNED_PROVIDERS } from '../testing/signers.js';

/** The command was called wrongly: one sentence for whoever called it, and exit code 2. */
export class UsageError extends Error {}

/** The command was called well, and what it is about does not do its part: one sentence, and exit code 1. */
export class FailureError extends Error {}

/** The providers whose webhooks can be sent, and signed again. */
export const PROVIDERS = [...SIGNED_PROVIDERS, 'hmac'].sort() as readonly Provider[];
export type Provider = (typeof SIGNED_PROVIDERS)[number] | 'hmac';

/** @throws UsageError naming those that there are. */
export function providerNamed(name: string): Provider {
  const provider = PROVIDERS.find((each) => each === name);
  if (provider) return provider;
  throw new UsageError(
    `There is no provider "${name}" whose webhooks can be signed; there are ${PROVIDERS.join(', ')}.`,
  );
}

/** Reads the arguments of a command, whose options all have a value: those of `one` once, those of `many` any number of times. */
export function argumentsOf<One extends string, Many extends string = never>(
  args: readonly string[],
  { one = [], many = [], positionals = 0 }: { one?: readonly One[]; many?: readonly Many[]; positionals?: number },
): { values: Partial<Record<One, string> & Record<Many, string[]>>; positionals: readonly string[] } {
  const options = Object.fromEntries([
    ...one.map((name) => [name, { type: 'string' }] as const),
    ...many.map((name) => [name, { type: 'string', multiple: true }] as const),
  ]);
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: withValues(args, options), options, allowPositionals: true });
  } catch (error) {
    // Node adds to some of its sentences how a file with such a name would be given.
    throw new UsageError(`${(error as Error).message.split(/\. |\.?\n|\.$/, 1)[0]}.`);
  }
  const surplus = parsed.positionals[positionals];
  if (surplus !== undefined) throw new UsageError(`There is one argument too many: "${surplus}".`);
  return {
    values: parsed.values as Partial<Record<One, string> & Record<Many, string[]>>,
    positionals: parsed.positionals,
  };
}

/** What follows an option is its value, also where it begins with a dash: secrets may. */
function withValues(args: readonly string[], options: object): string[] {
  const joined: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const [name = '', value] = [args[at], args[at + 1]];
    const takes = name.startsWith('--') && Object.hasOwn(options, name.slice(2)) && value !== undefined;
    joined.push(takes ? `${name}=${value}` : name);
    if (takes) at += 1;
  }
  return joined;
}

/** An absolute http or https URL, as it is requested: without a fragment. */
export function httpUrl(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`${option} URL is missing.`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${option} must be an absolute http or https URL, not "${text}".`);
  url.hash = '';
  return url.href;
}

/** A JSON object. */
export function jsonObject(option: string, text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, with everything else that is no object.
  }
  throw new UsageError(`${option} must be a JSON object.`);
}

const MAIN = `posthorn ${VERSION}: webhooks on your own machine

  posthorn send <provider> <type> --to URL --secret SECRET    a signed sample of any sender
  posthorn listen --forward URL [--source NAME]               what comes in at a server, to your machine
  posthorn types [--out FILE]                                 the event types of a server, as TypeScript
  posthorn rotate-encryption-key                              the secrets of a server, under its new key
  posthorn secret <provider>                                  a new secret, as the sender makes them
  posthorn providers                                          the providers that can be sent

  posthorn <command> --help says more. posthorn --version says which version this is.
  The server is started by "npm start", in a checkout of Posthorn.
`;

const SEND = `posthorn send <provider> <type> --to URL --secret SECRET

Sends a webhook as this sender would: its envelope, of the type that you ask for, freshly signed. For example:

  posthorn send stripe payment_intent.succeeded --to http://localhost:4000/webhooks/stripe --secret whsec_…
  posthorn send github pull_request.opened --to http://localhost:4000/webhooks/github --secret it-is-secret --count 3

  --to URL             where it is sent
  --secret SECRET      what the sender signs with; for discord and sendgrid the private key of "posthorn secret"
  --data JSON|@FILE    the body, byte for byte, in the place of the sample; what is no JSON is taken for what the sample is
  --header 'NAME: V'   a further header, or another value of one; may be given several times
  --count N            so many, one after the other, each with an id of its own (1 to 1000)
  --public-url URL     the URL that is signed, where the receiver knows itself by another than --to
  --config JSON        the config of the source, for hmac, basic and bearer

Exit code: 0 if every answer was 2xx, 1 if not, 2 where the command itself is wrong.
`;

const LISTEN = `posthorn listen --forward URL [--source NAME] [--resign SECRET]

Follows what a Posthorn server receives, and posts it to your machine: the bytes as they came, and their headers. A
server keeps no signatures: have them made again by --resign, where your application verifies. For example:

  posthorn listen --server https://hooks.example.com --source stripe \\
    --forward http://localhost:4000/webhooks/stripe --resign whsec_…

  --forward URL        where they are posted
  --source NAME        only of this source
  --server URL         the server (default: http://127.0.0.1:3000)
  --api-key KEY        a key of its API; better in the environment, as POSTHORN_API_KEY
  --tenant ID          the tenant, for the admin key (default: default)
  --resign SECRET      signs again with this secret, as the sender would, at the time of posting and for the URL of --forward
  --config JSON        the config of the source, for hmac

It connects again by itself and goes on where it was. Ctrl-C ends it.
Exit code: 0 after Ctrl-C, 1 where the server refuses, 2 where the command itself is wrong.
`;

const TYPES = `posthorn types [--out FILE]

Writes the catalogue of a Posthorn server as TypeScript: a type for the data of each event type, and the map by which
"dispatch" is checked. Archived types are left out. For example:

  posthorn types --server https://hooks.example.com --out src/posthorn-events.ts

  --out FILE           where it is written (default: it is printed)
  --server URL         the server (default: http://127.0.0.1:3000)
  --api-key KEY        a key of its API with the scope event-types:read; better in the environment, as POSTHORN_API_KEY
  --tenant ID          the tenant, for the admin key (default: default)

Exit code: 0 for success, 1 where the server refuses or the file cannot be written, 2 where the command itself is wrong.
`;

const ROTATE = `posthorn rotate-encryption-key

Seals every secret of a Posthorn server anew, of all tenants, under the first key of its ENCRYPTION_KEY. To change the key:

  1. Give every replica ENCRYPTION_KEY=<old>,<new>, and then <new>,<old>: the first encrypts, all of them open.
  2. posthorn rotate-encryption-key --server https://hooks.example.com
  3. Where nothing is unreadable, drop the old one, on every replica.

It may be cut off and run again at any time.

  --server URL         the server (default: http://127.0.0.1:3000)
  --api-key KEY        its admin key; better in the environment, as ADMIN_API_KEY

Exit code: 0 if everything is under the first key, 1 if something is unreadable or the server refuses, 2 where the command
itself is wrong.
`;

const SECRET = `posthorn secret <provider>

Prints a new secret as this sender makes them. Where the sender signs with a private key (discord, sendgrid), two lines:
what the source is given, and what "posthorn send" and "posthorn listen --resign" sign with.
`;

const PROVIDERS_HELP = `posthorn providers

Prints the providers whose webhooks "posthorn send" can send, one a line.
`;

/** What --help says. */
export const HELP = {
  main: MAIN,
  send: SEND,
  listen: LISTEN,
  types: TYPES,
  'rotate-encryption-key': ROTATE,
  secret: SECRET,
  providers: PROVIDERS_HELP,
} as const;
