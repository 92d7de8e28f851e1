// posthorn migrate: the tables of this version, made before a server starts; or, with --check, what is missing.
import 'reflect-metadata';
import pg from 'pg';
import { dataSourceOptions } from '../../persistence.js';
import { environmentInput } from '../../platform/config/index.js';
import { DEFAULT_SCHEMA, pgConfig, PosthornDataSource } from '../../platform/database/index.js';
import { migrateQueues, queueSchema } from '../../platform/queue/index.js';
import type { Io } from '../cli.js';
import { argumentsOf, FailureError, UsageError } from '../usage.js';
import { migrationNames } from './migration-names.js';

/** TypeORM holds one for the lock and one for the work. */
const POOL_SIZE = 4;

interface Place {
  readonly url: string;
  readonly schema: string;
  /** BullMQ's tables are needed too. */
  readonly hasQueues: boolean;
}

export async function migrate(args: readonly string[], io: Io): Promise<number> {
  const { values } = argumentsOf(args, { flags: ['check'] });
  const { databaseUrl, databaseSchema, redisUrl } = environmentInput(io.env);
  if (!databaseUrl)
    throw new UsageError(
      'DATABASE_URL must say which PostgreSQL to migrate; the embedded one is migrated when it starts.',
    );
  const place = { url: databaseUrl, schema: databaseSchema || DEFAULT_SCHEMA, hasQueues: !redisUrl };
  try {
    return values.check ? await check(place, io) : await run(place, io);
  } catch (error) {
    throw new FailureError(`The database cannot be migrated: ${(error as Error).message}.`);
  }
}

async function check({ url, schema }: Place, io: Io): Promise<number> {
  const client = new pg.Client(pgConfig({ url }));
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { missing, unknown } = await migrationNames(client, schema);
    for (const name of missing) io.out(name);
    if (unknown.length > 0) io.err(`The database is of a newer version: it has had ${unknown.join(', ')}.`);
    io.err(missing.length === 0 ? 'Nothing is missing.' : `${missing.length} migrations are missing.`);
    return missing.length === 0 ? 0 : 1;
  } finally {
    await client.end();
  }
}

async function run({ url, schema, hasQueues }: Place, io: Io): Promise<number> {
  const dataSource = await new PosthornDataSource(dataSourceOptions({ url }, schema, POOL_SIZE)).initialize();
  try {
    const done = await dataSource.runMigrations();
    if (hasQueues) await migrateQueues({ url }, queueSchema({ databaseSchema: schema }));
    for (const { name } of done) io.out(name);
    io.err(done.length === 0 ? 'Nothing was missing.' : `${done.length} migrations were run.`);
    return 0;
  } finally {
    await dataSource.destroy();
  }
}
