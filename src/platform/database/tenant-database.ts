// SQL for one tenant: everything that a request reads or writes of its own goes this way, on connections that requests have for
// themselves, of which each tenant gets a share, and on which no statement runs longer than it may. Where row-level security is on,
// they are of a role to which PostgreSQL shows that tenant's rows alone, so that a forgotten WHERE finds nothing of another's. It
// is no defence against injected SQL, which could take the role off again. Statements about several tenants are the workers', and
// go through `Database`.
import { Logger } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SettingsError } from '../config/settings.js';
import type { Settings } from '../config/settings.js';
import { ConnectionShares } from './connection-shares.js';
import { poolOf, queryOn, transactionOn } from './database.js';
import type { SqlExecutor } from './database.js';
import { isBlind, missingProtection, requestRoleOf, TENANT_SETTING } from './row-level-security.js';
import { schemaOf } from './schema.js';

/** Hand-written SQL that sees one tenant. */
export interface TenantSql extends SqlExecutor {
  /** Runs `work` in one transaction; an error rolls it back and is thrown on. */
  transaction<Result>(work: (executor: SqlExecutor) => Promise<Result>): Promise<Result>;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** Connections of requests. */
interface RequestConnections {
  readonly dataSource: DataSource;
  /** `undefined`: the login itself, where row-level security is off. */
  readonly role: string | undefined;
  /** For whom each was last used. */
  readonly tenantOf: WeakMap<PoolClient, string>;
  /** How long a statement may run. */
  readonly timeoutMs: number;
}

type RequestSettings = Pick<Settings, 'rowLevelSecurity' | 'databasePool' | 'queryTimeoutMs'>;

export class TenantDatabase implements OnApplicationShutdown {
  private readonly shares: ConnectionShares;

  /** By {@link open}, which finds out what may be had. */
  constructor(private readonly requests: RequestConnections) {
    const { options } = poolOf(requests.dataSource);
    this.shares = new ConnectionShares(options.max, options);
  }

  /** Whether PostgreSQL keeps tenants apart, or our own WHERE clauses alone. */
  get isRestricted(): boolean {
    return this.requests.role !== undefined;
  }

  /** @throws SettingsError where row-level security is asked for and cannot be, or where it would blind the workers. */
  static async open(workers: DataSource, settings: RequestSettings): Promise<TenantDatabase> {
    const runner = { connection: workers, query: (text: string): Promise<unknown> => workers.query(text) };
    if (await isBlind(runner)) {
      throw new SettingsError(
        `Row-level security hides all rows from the login of databaseUrl. Make it a member of the role that owns the tables of the schema ${schemaOf(workers)}.`,
      );
    }
    const { rowLevelSecurity } = settings;
    const plain = async (): Promise<TenantDatabase> => new TenantDatabase(await connect(workers, settings, undefined));
    if (rowLevelSecurity === 'off') return plain();
    const missing = (await missingProtection(runner)) ?? (await tenantDatabaseOrWhyNot(workers, settings));
    if (typeof missing !== 'string') return missing;
    if (rowLevelSecurity === 'on') throw new SettingsError(`rowLevelSecurity cannot be on: ${missing}.`);
    new Logger('TenantDatabase').warn(
      `Row-level security is off: ${missing}. Tenants are kept apart by queries alone.`,
    );
    return plain();
  }

  /** Runs `work` with a manager that sees this tenant alone, on one connection; in a caller's transaction where one is given. */
  async as<Result>(
    tenantId: string,
    work: (manager: EntityManager) => Promise<Result>,
    within?: EntityManager,
  ): Promise<Result> {
    if (within) return work(within);
    return this.shares.within(tenantId, async () => {
      const runner = this.requests.dataSource.createQueryRunner();
      try {
        await enter(this.requests, (await runner.connect()) as PoolClient, tenantId);
        return await work(runner.manager);
      } finally {
        await runner.release();
      }
    });
  }

  /** {@link as} in one transaction. */
  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.as(tenantId, (manager) => manager.transaction(work));
  }

  /** Hand-written SQL for a tenant. */
  of(tenantId: string): TenantSql {
    const pool = poolOf(this.requests.dataSource);
    const entered = (client: PoolClient): Promise<void> => enter(this.requests, client, tenantId);
    return {
      query: (statement, values = []) => this.shares.within(tenantId, () => queryOn(pool, statement, values, entered)),
      transaction: (work) => this.shares.within(tenantId, () => transactionOn(pool, work, entered)),
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.requests.dataSource.destroy();
  }
}

/** Under row-level security, or why that cannot be. */
async function tenantDatabaseOrWhyNot(
  workers: DataSource,
  settings: RequestSettings,
): Promise<TenantDatabase | string> {
  const role = requestRoleOf(workers);
  try {
    return new TenantDatabase(await connect(workers, settings, role));
  } catch (error) {
    if ((error as { code?: unknown }).code === INSUFFICIENT_PRIVILEGE) return `this login may not become ${role}`;
    throw error;
  }
}

/** Half as many as those of the workers, who have the most to do. */
async function connect(
  workers: DataSource,
  { databasePool, queryTimeoutMs: timeoutMs }: RequestSettings,
  role: string | undefined,
): Promise<RequestConnections> {
  const extra = { ...(workers.options.extra as object), max: Math.ceil(databasePool / 2) };
  const dataSource = new DataSource({ ...workers.options, migrations: [], extra });
  await dataSource.initialize();
  const requests = { dataSource, role, tenantOf: new WeakMap<PoolClient, string>(), timeoutMs };
  try {
    await queryOn(poolOf(dataSource), { text: 'SELECT' }, [], (client) => enter(requests, client, ''));
    return requests;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/**
 * Gives a connection to a tenant; without a round trip if it was that tenant's before. To be called outside a transaction: a
 * ROLLBACK would take the setting back, and nobody would notice.
 */
async function enter(
  { role, tenantOf, timeoutMs }: RequestConnections,
  client: PoolClient,
  tenantId: string,
): Promise<void> {
  const before = tenantOf.get(client);
  if (before === tenantId || (before !== undefined && role === undefined)) return;
  // Whatever happens from here on, nobody takes it for one that knows its tenant.
  tenantOf.delete(client);
  if (before === undefined) {
    // Not as a parameter of the connection: PgBouncer refuses those that it does not know.
    await client.query(`SET statement_timeout = ${timeoutMs}${role === undefined ? '' : `; SET ROLE "${role}"`}`);
  }
  if (role !== undefined) {
    await client.query({
      name: 'posthorn_enter',
      text: `SELECT set_config('${TENANT_SETTING}', $1, false)`,
      values: [tenantId],
    });
  }
  tenantOf.set(client, tenantId);
}
