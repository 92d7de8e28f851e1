// What --help says, and nothing else.
import { VERSION } from '../kernel/version.js';

const MAIN = `posthorn ${VERSION}: the webhook layer for NestJS

  On the machine of the server, by its environment:
  posthorn start                                              the server
  posthorn migrate [--check]                                  its tables, before it starts
  posthorn doctor [--to URL]                                  what is wrong here, and what to do about it

  Of a server that runs:
  posthorn keys create|list|revoke                            its API keys
  posthorn replay <webhook> --since TIME [--dry-run]          what a webhook missed, again
  posthorn types [--out FILE]                                 its event types, as TypeScript
  posthorn rotate-encryption-key                              its secrets, under its new key

  On your own machine:
  posthorn send <provider> <type> --to URL --secret SECRET    a signed sample of any sender
  posthorn listen --forward URL [--source NAME]               what comes in at a server, to your machine
  posthorn secret <provider>                                  a new secret, as the sender makes them
  posthorn providers                                          the providers that can be sent

  posthorn <command> --help says more. posthorn --version says which version this is.
`;

const START = `posthorn start

Starts the server that the environment, and a .env file in the working directory, ask for: docs/configuration.md lists the
settings. Without any, it runs a PostgreSQL of its own and listens at http://127.0.0.1:3000. Ctrl-C, or SIGTERM, drains and stops.

Exit code: 0 after it was asked to stop, 1 where it cannot start or its embedded database ended.
`;

const MIGRATE = `posthorn migrate [--check]

Brings the tables of DATABASE_URL to this version, as every start does; for those who roll out in two steps. It may be run by any
number of processes at once, and again.

  --check              changes nothing, and prints what a migration would run

Exit code: 0 if everything is there, 1 if something is missing (--check) or went wrong, 2 where the command itself is wrong.
`;

const KEYS = `posthorn keys create --name NAME --scopes SCOPE,SCOPE [--expires-at TIME]
posthorn keys list
posthorn keys revoke <id>

Makes, lists and revokes API keys of a Posthorn server. "create" prints the key and nothing else; it is not shown again.

  posthorn keys create --name shop --scopes events:write > shop.key

  --server URL         the server (default: http://127.0.0.1:3000)
  --api-key KEY        a key with the scope keys:write; better in the environment, as POSTHORN_API_KEY or ADMIN_API_KEY
  --tenant ID          the tenant, for the admin key (default: default)

Exit code: 0 for success, 1 where the server refuses, 2 where the command itself is wrong.
`;

const REPLAY = `posthorn replay <webhook> --since TIME [--until TIME] [--status STATUS,STATUS] [--dry-run]

Has a Posthorn server send deliveries of a webhook again, and tells how far that is until it is done. For example:

  posthorn replay 01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d --since 2h --status failed,skipped --dry-run

  --since TIME         those made at or after: a time such as 2026-11-23T10:00:00Z, or how long ago, such as 2h or 3d
  --until TIME         those made before (default: now)
  --status STATUSES    only these: success, client_error, failed, skipped, expired (default: all but success)
  --dry-run            only counts
  --server URL         the server (default: http://127.0.0.1:3000)
  --api-key KEY        a key with the scope deliveries:write; better in the environment, as POSTHORN_API_KEY
  --tenant ID          the tenant, for the admin key (default: default)

Ctrl-C ends the watching; the replay goes on. Disabling the webhook ends it.
Exit code: 0 if it is done, or counted, 1 where the server refuses, 2 where the command itself is wrong.
`;

const DOCTOR = `posthorn doctor [--to URL]

Looks at what a server with this environment would run on: its settings, PostgreSQL, migrations, the queue, the clock, the way
out and the disk; and says of each what is wrong and what to do. It changes nothing.

  --to URL             also, whether deliveries to this URL would get through

Exit code: 0 if nothing is broken, 1 if something is, 2 where the command itself is wrong.
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
  start: START,
  migrate: MIGRATE,
  doctor: DOCTOR,
  keys: KEYS,
  replay: REPLAY,
  send: SEND,
  listen: LISTEN,
  types: TYPES,
  'rotate-encryption-key': ROTATE,
  secret: SECRET,
  providers: PROVIDERS_HELP,
} as const;
