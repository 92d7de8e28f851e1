// Our data source under its own name, migrated before anything uses it, and the services for hand-written SQL.
import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource, DataSourceOptions, MigrationInterface, QueryRunner } from 'typeorm';
import { CONNECTION_TOKEN, SETTINGS_TOKEN } from '../config/settings.module.js';
import { SettingsError } from '../config/settings.js';
import type { Settings } from '../config/settings.js';
import type { DatabaseConnection } from './connection.js';
import { typeormConnection } from './connection.js';
import { DATA_SOURCE, PosthornDataSource } from './data-source.js';
import { Database } from './database.js';
import { LockNotHadError } from './lock-patience.js';
import { Notifications } from './notifications.js';
import { haveOwnSessions } from './own-sessions.js';
import { Partitions } from './partitions.js';
import { Retention } from './retention.js';
import { StorageReport } from './storage-report.js';
import { TenantDatabase } from './tenant-database.js';
import { TenantRows } from './tenant-rows.js';

/** What the owner of the tables hands to the plumbing: the entities and the migrations, both explicit lists. */
export interface Persistence {
  readonly entities: readonly Type[];
  readonly migrations: readonly Type<MigrationInterface>[];
}

/** Options of our data source. TypeORM never creates the schema itself: only migrations do. */
export const dataSourceOptions = (
  connection: DatabaseConnection,
  { schema, pool }: { schema: string; pool: number },
  { entities, migrations }: Persistence,
): DataSourceOptions => ({
  type: 'postgres',
  ...typeormConnection(connection),
  schema,
  entities: [...entities],
  migrations: [...migrations],
  migrationsTableName: 'migration',
  synchronize: false,
  applicationName: 'posthorn',
  // A connection that comes and goes costs more than one that waits: each new one plans its statements anew.
  // Every day it is replaced all the same: PostgreSQL keeps the plans of a connection for as long as it lives, and some are of a day.
  extra: {
    max: pool,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 86_400,
  },
});

/** Bodies are kept as the bytes that were signed, read back as UTF-8: any other encoding would lose or change some. */
async function refuseOtherEncodings(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ server_encoding: string }[]>('SHOW server_encoding');
  if (row?.server_encoding === 'UTF8') return;
  await dataSource.destroy();
  throw new SettingsError(
    `The database of DATABASE_URL is encoded in ${row?.server_encoding}; Posthorn needs UTF8. Create one with ENCODING 'UTF8' TEMPLATE template0.`,
  );
}

async function refuseTransactionPooling(dataSource: DataSource): Promise<void> {
  const runners = [dataSource.createQueryRunner(), dataSource.createQueryRunner()] as const;
  const sessionOf = (runner: QueryRunner) => async (): Promise<number> => {
    const [row] = (await runner.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
    return row.pid;
  };
  try {
    for (const runner of runners) await runner.connect();
    if (await haveOwnSessions(sessionOf(runners[0]), sessionOf(runners[1]))) return;
  } finally {
    await Promise.all(runners.map((runner) => runner.release()));
  }
  await dataSource.destroy();
  throw new SettingsError(
    'The pooler at DATABASE_URL gives out connections by transaction or statement; Posthorn needs session mode (PgBouncer: pool_mode = session).',
  );
}

@Module({})
export class DatabaseModule {
  static register(settings: DynamicModule, persistence: Persistence): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        settings,
        TypeOrmModule.forRootAsync({
          name: DATA_SOURCE,
          imports: [settings],
          inject: [CONNECTION_TOKEN, SETTINGS_TOKEN],
          useFactory: (connection: DatabaseConnection, { databaseSchema, databasePool }: Settings) => ({
            ...dataSourceOptions(connection, { schema: databaseSchema, pool: databasePool }, persistence),
            // A database that is not up yet is waited for; one that we refuse will not change by waiting, and a lock was waited for.
            toRetry: (error: unknown) => !(error instanceof SettingsError || error instanceof LockNotHadError),
          }),
          dataSourceFactory: async (options?: DataSourceOptions): Promise<DataSource> => {
            const dataSource = await new PosthornDataSource(options as DataSourceOptions).initialize();
            await refuseOtherEncodings(dataSource);
            await refuseTransactionPooling(dataSource);
            await dataSource.runMigrations();
            return dataSource;
          },
        }),
      ],
      providers: [
        Database,
        {
          provide: TenantDatabase,
          inject: [getDataSourceToken(DATA_SOURCE), SETTINGS_TOKEN],
          useFactory: (dataSource: DataSource, settings: Settings): Promise<TenantDatabase> =>
            TenantDatabase.open(dataSource, settings),
        },
        Notifications,
        Partitions,
        Retention,
        StorageReport,
        TenantRows,
      ],
      exports: [Database, TenantDatabase, Notifications, Partitions, StorageReport, TenantRows],
    };
  }
}
