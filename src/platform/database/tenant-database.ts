// SQL for one tenant: everything that a request reads or writes of its own goes this way. Where row-level security is on, it
// runs on connections of a role to which PostgreSQL shows that tenant's rows alone, so that a forgotten WHERE finds nothing
// of another's. It is no defence against injected SQL, which could take the role off again. Statements about several tenants
// are the workers', and go through `Database`.
import { Logger } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SettingsError } from '../config/settings.js';
import type { Settings } from '../config/settings.js';
import { Database, poolOf, queryOn, transactionOn } from './database.js';
import type { SqlExecutor } from './database.js';
import { isBlind, missingProtection, requestRoleOf, TENANT_SETTING } from './row-level-security.js';
import { schemaOf } from './schema.js';

/** Hand-written SQL that sees one tenant. */
export interface TenantSql extends SqlExecutor {
  /** Runs `work` in one transaction; an error rolls it back and is thrown on. */
  transaction<Result>(work: (executor: SqlExecutor) => Promise<Result>): Promise<Result>;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** Connections of the role of requests, and for whom each of them was last used. */
interface RequestConnections {
  readonly dataSource: DataSource;
  readonly role: string;
  readonly tenantOf: WeakMap<PoolClient, string>;
}

export class TenantDatabase implements OnApplicationShutdown {
  /** By {@link open}, which finds out what may be had. */
  constructor(
    private readonly workers: DataSource,
    private readonly database: Database,
    private readonly requests: RequestConnections | undefined,
  ) {}

  /** Whether PostgreSQL keeps tenants apart, or our own WHERE clauses alone. */
  get isRestricted(): boolean {
    return this.requests !== undefined;
  }

  /** @throws SettingsError where row-level security is asked for and cannot be, or where it would blind the workers. */
  static async open(
    workers: DataSource,
    database: Database,
    { rowLevelSecurity, databasePool }: Pick<Settings, 'rowLevelSecurity' | 'databasePool'>,
  ): Promise<TenantDatabase> {
    const runner = { connection: workers, query: (text: string): Promise<unknown> => workers.query(text) };
    if (await isBlind(runner)) {
      throw new SettingsError(
        `Row-level security hides all rows from the login of databaseUrl. Make it a member of the role that owns the tables of the schema ${schemaOf(workers)}.`,
      );
    }
    if (rowLevelSecurity === 'off') return new TenantDatabase(workers, database, undefined);
    const missing = await missingProtection(runner);
    const opened = missing ?? (await connect(workers, databasePool));
    if (typeof opened !== 'string') return new TenantDatabase(workers, database, opened);
    if (rowLevelSecurity === 'on') throw new SettingsError(`rowLevelSecurity cannot be on: ${opened}.`);
    new Logger('TenantDatabase').warn(`Row-level security is off: ${opened}. Tenants are kept apart by queries alone.`);
    return new TenantDatabase(workers, database, undefined);
  }

  /** Runs `work` with a manager that sees this tenant alone, on one connection; in a caller's transaction where one is given. */
  async as<Result>(
    tenantId: string,
    work: (manager: EntityManager) => Promise<Result>,
    within?: EntityManager,
  ): Promise<Result> {
    if (within) return work(within);
    if (!this.requests) return work(this.workers.manager);
    const runner = this.requests.dataSource.createQueryRunner();
    try {
      await enter(this.requests, (await runner.connect()) as PoolClient, tenantId);
      return await work(runner.manager);
    } finally {
      await runner.release();
    }
  }

  /** {@link as} in one transaction. */
  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.as(tenantId, (manager) => manager.transaction(work));
  }

  /** Hand-written SQL for a tenant. */
  of(tenantId: string): TenantSql {
    const { requests } = this;
    if (!requests) return this.database;
    const pool = poolOf(requests.dataSource);
    const entered = (client: PoolClient): Promise<void> => enter(requests, client, tenantId);
    return {
      query: (statement, values = []) => queryOn(pool, statement, values, entered),
      transaction: (work) => transactionOn(pool, work, entered),
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.requests?.dataSource.destroy();
  }
}

/** The connections of requests, or why there can be none. Half as many as those of the workers, who have the most to do. */
async function connect(workers: DataSource, databasePool: number): Promise<RequestConnections | string> {
  const role = requestRoleOf(workers);
  const extra = { ...(workers.options.extra as object), max: Math.ceil(databasePool / 2) };
  const dataSource = new DataSource({ ...workers.options, migrations: [], extra });
  await dataSource.initialize();
  const requests = { dataSource, role, tenantOf: new WeakMap<PoolClient, string>() };
  try {
    await queryOn(poolOf(dataSource), { text: 'SELECT' }, [], (client) => enter(requests, client, ''));
    return requests;
  } catch (error) {
    await dataSource.destroy();
    if ((error as { code?: unknown }).code === INSUFFICIENT_PRIVILEGE) return `this login may not become ${role}`;
    throw error;
  }
}

/**
 * Gives a connection to a tenant; without a round trip if it was that tenant's before. To be called outside a transaction: a
 * ROLLBACK would take the setting back, and nobody would notice.
 */
async function enter({ role, tenantOf }: RequestConnections, client: PoolClient, tenantId: string): Promise<void> {
  const before = tenantOf.get(client);
  if (before === tenantId) return;
  // Whatever happens from here on, nobody takes it for one that knows its tenant.
  tenantOf.delete(client);
  if (before === undefined) await client.query(`SET ROLE "${role}"`);
  await client.query({
    name: 'posthorn_enter',
    text: `SELECT set_config('${TENANT_SETTING}', $1, false)`,
    values: [tenantId],
  });
  tenantOf.set(client, tenantId);
}
