// What doctor finds of PostgreSQL: whether it answers, is one that we can use, lets us make our tables, has them, and agrees about
// the time.
import pg from 'pg';
import { systemClock } from '../../kernel/clock.js';
import type { Settings } from '../../platform/config/index.js';
import { haveOwnSessions, pgConfig } from '../../platform/database/index.js';
import { queueSchema } from '../../platform/queue/index.js';
import { broken, look, ok } from './finding.js';
import type { Finding } from './finding.js';
import { migrationNames } from './migration-names.js';

const TESTED_MAJOR = 18;

/** Beyond that, what is signed here looks old, or of the future, to whoever verifies it. */
const SKEW_TO_LOOK_AT_MS = 2_000;
const SKEW_BROKEN_MS = 60_000;

const QUEUE_CONNECTIONS = 8;
const LISTENING_CONNECTIONS = 1;

/** What one question tells of it. */
interface Facts {
  readonly version: number;
  readonly encoding: string;
  readonly most: number;
  readonly login: string;
  readonly database: string;
  readonly may_create_schemas: boolean;
  readonly may_create_roles: boolean;
  readonly request_role: boolean;
  readonly closed_schemas: string | null;
  readonly absent_schemas: string | null;
}

const FACTS = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
         current_setting('max_connections')::int AS most, current_user AS login, current_database() AS database,
         has_database_privilege(current_database(), 'CREATE') AS may_create_schemas,
         (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) AS may_create_roles,
         EXISTS (SELECT FROM pg_roles WHERE rolname = $2) AS request_role,
         (SELECT string_agg(n.nspname, ', ') FROM pg_namespace n
          WHERE n.nspname = ANY ($1) AND NOT has_schema_privilege(n.oid, 'CREATE')) AS closed_schemas,
         (SELECT string_agg(name, ', ') FROM unnest($1::text[]) AS name
          WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = name)) AS absent_schemas`;

export async function databaseFindings(settings: Settings): Promise<Finding[]> {
  const { databaseUrl: url } = settings;
  if (url === undefined)
    return [
      ok('database', 'PostgreSQL is embedded: the server makes and starts it, migrates it, and shares its clock.'),
    ];
  const clients = [new pg.Client(pgConfig({ url })), new pg.Client(pgConfig({ url }))] as const;
  for (const client of clients) client.on('error', () => undefined);
  try {
    for (const client of clients) await client.connect();
    return await examine(settings, ...clients);
  } catch (error) {
    const { message } = error as Error;
    return [
      broken(
        'database',
        `PostgreSQL does not let us in: ${message || 'it does not answer'}. Check DATABASE_URL, that it runs, and that its pg_hba.conf knows this machine.`,
      ),
    ];
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

async function examine(settings: Settings, client: pg.Client, other: pg.Client): Promise<Finding[]> {
  const { databaseSchema, redisUrl } = settings;
  const schemas = redisUrl ? [databaseSchema] : [databaseSchema, queueSchema(settings)];
  const { rows } = await client.query<Facts>(FACTS, [schemas, `${databaseSchema}_request`]);
  const facts = rows[0] as Facts;
  return [
    ...kindOf(facts),
    ...rightsOf(facts, settings),
    await sessionsOf(client, other),
    connectionsOf(facts, settings),
    await migrationsOf(client, databaseSchema),
    await clockOf(client),
  ];
}

function kindOf({ version, encoding, database }: Facts): Finding[] {
  const major = Math.floor(version / 10_000);
  return [
    major < TESTED_MAJOR
      ? look('database', `PostgreSQL ${major} answers; Posthorn is tested with ${TESTED_MAJOR}.`)
      : ok('database', `PostgreSQL ${major} answers.`),
    encoding === 'UTF8'
      ? ok('encoding', 'UTF8.')
      : broken(
          'encoding',
          `${database} is in ${encoding}, in which bodies could not be kept as they are. Make one WITH ENCODING 'UTF8' TEMPLATE template0.`,
        ),
  ];
}

function rightsOf(facts: Facts, { rowLevelSecurity, databaseSchema }: Settings): Finding[] {
  const { login, database, closed_schemas: closed, absent_schemas: absent } = facts;
  const findings: Finding[] = [];
  if (absent !== null && !facts.may_create_schemas)
    findings.push(
      broken(
        'rights',
        `${login} may not make the schemas ${absent}: GRANT CREATE ON DATABASE "${database}" TO "${login}".`,
      ),
    );
  if (closed !== null)
    findings.push(
      broken(
        'rights',
        `${login} may make no tables in ${closed}: GRANT USAGE, CREATE ON SCHEMA … TO "${login}", or use the owner's login.`,
      ),
    );
  if (findings.length === 0) findings.push(ok('rights', `${login} may make what it needs in ${database}.`));
  if (rowLevelSecurity !== 'off' && !facts.may_create_roles && !facts.request_role) {
    const remedy = `CREATE ROLE "${databaseSchema}_request"; GRANT "${databaseSchema}_request" TO "${login}" as an administrator.`;
    findings.push(
      rowLevelSecurity === 'on'
        ? broken('rights', `ROW_LEVEL_SECURITY is on, and ${login} may not make its role: ${remedy}`)
        : look('rights', `Tenants are kept apart by queries alone, without row-level security: ${remedy}`),
    );
  }
  return findings;
}

async function sessionsOf(client: pg.Client, other: pg.Client): Promise<Finding> {
  const sessionOf = (one: pg.Client) => async (): Promise<number> => {
    const { rows } = await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return (rows[0] as { pid: number }).pid;
  };
  return (await haveOwnSessions(sessionOf(client), sessionOf(other)))
    ? ok('sessions', 'Every connection has a session of its own.')
    : broken(
        'sessions',
        'A pooler gives out connections by transaction or statement: set it to session mode (PgBouncer: pool_mode = session).',
      );
}

function connectionsOf({ most }: Facts, { databasePool, redisUrl }: Settings): Finding {
  const ours = databasePool + Math.ceil(databasePool / 2) + (redisUrl ? 0 : QUEUE_CONNECTIONS) + LISTENING_CONNECTIONS;
  const said = `A process opens up to ${ours} connections, and PostgreSQL takes ${most} in all`;
  return ours > most
    ? broken('connections', `${said}: lower DATABASE_POOL, or raise max_connections.`)
    : ok('connections', `${said}.`);
}

async function migrationsOf(client: pg.Client, schema: string): Promise<Finding> {
  const { missing, unknown } = await migrationNames(client, schema);
  if (unknown.length > 0)
    return look(
      'migrations',
      `The database is of a newer version (${unknown.at(-1)}): update this one before it writes.`,
    );
  return missing.length > 0
    ? look('migrations', `${missing.length} are missing: the next start runs them, or "posthorn migrate" before it.`)
    : ok('migrations', 'All of this version are there.');
}

async function clockOf(client: pg.Client): Promise<Finding> {
  const before = systemClock();
  const { rows } = await client.query<{ ms: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  );
  const after = systemClock();
  // It was asked somewhere in between: what the way there and back took is no difference.
  const theirs = rows[0]?.ms ?? before;
  const skewMs = Math.round(theirs < before ? before - theirs : Math.max(0, theirs - after));
  const said = `This machine and PostgreSQL differ by ${skewMs} ms`;
  if (skewMs < SKEW_TO_LOOK_AT_MS) return ok('clock', `${said}.`);
  const remedy =
    'signatures carry the time of this machine, and receivers refuse those that look old. Let NTP set both clocks.';
  return skewMs < SKEW_BROKEN_MS ? look('clock', `${said}: ${remedy}`) : broken('clock', `${said}: ${remedy}`);
}
