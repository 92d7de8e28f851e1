// What Posthorn keeps in PostgreSQL, as explicit lists: for our own data source, for the TypeORM CLI, and for a host
// that wants to run our migrations with its own tools.
import type { DataSourceOptions } from 'typeorm';
import { DELIVERY_ENTITIES } from './delivery/index.js';
import { INBOUND_ENTITIES } from './inbound/index.js';
import { POSTHORN_MIGRATIONS } from './migrations/index.js';
import { dataSourceOptions as optionsFor, DEFAULT_SCHEMA } from './platform/database/index.js';
import type { DatabaseConnection, Persistence } from './platform/database/index.js';
import { REGISTRY_ENTITIES } from './registry/index.js';

/** Every entity of Posthorn. */
export const POSTHORN_ENTITIES = [...REGISTRY_ENTITIES, ...DELIVERY_ENTITIES, ...INBOUND_ENTITIES] as const;

export { POSTHORN_MIGRATIONS };

export const PERSISTENCE: Persistence = { entities: POSTHORN_ENTITIES, migrations: POSTHORN_MIGRATIONS };

/**
 * Options of a TypeORM data source that holds all of Posthorn's tables.
 *
 * @example
 * const dataSource = new PosthornDataSource(dataSourceOptions({ url: 'postgres://…' }));
 */
export const dataSourceOptions = (
  connection: DatabaseConnection,
  schema = DEFAULT_SCHEMA,
  pool = 20,
): DataSourceOptions => optionsFor(connection, { schema, pool }, PERSISTENCE);
