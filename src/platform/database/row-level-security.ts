// What PostgreSQL itself keeps apart: policies by which the role of requests sees and writes the rows of one tenant. The role,
// the policies and the grants are made where our login may make them, for whatever tables there are by then.
import type { DataSource } from 'typeorm';
import { schemaOf } from './schema.js';

/** The session's setting that names the tenant. */
export const TENANT_SETTING = 'posthorn.tenant';

/** A query runner, or what else runs SQL for a data source. */
interface Sql {
  readonly connection: Pick<DataSource, 'options'>;
  query(text: string): Promise<unknown>;
}

/** Roles belong to the whole cluster: installations under one schema name share theirs, and it owns nothing. */
export const requestRoleOf = (dataSource: Pick<DataSource, 'options'>): string => `${nameOf(dataSource)}_request`;

const nameOf = (dataSource: Pick<DataSource, 'options'>): string => schemaOf(dataSource).slice(1, -1);

/** Tables whose rows belong to tenants, and the column that says to which. Partitions are reached through their parents alone. */
const tables = (schema: string): string => `
  SELECT c.oid, c.relname, c.relrowsecurity, pg_get_userbyid(c.relowner) AS owner,
         CASE c.relname WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END AS key
  FROM pg_class c
  WHERE c.relnamespace = to_regnamespace('"${schema}"') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND (c.relname = 'tenant' OR EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
  ORDER BY c.relname`;

/** Of a row of {@link tables}: whether requests see of it what they may, and nothing else. */
const isProtected = (role: string): string => `
  t.relrowsecurity AND has_table_privilege(to_regrole('"${role}"'), t.oid, 'DELETE')
  AND EXISTS (SELECT FROM pg_policy p
              WHERE p.polrelid = t.oid AND p.polname = 'tenants' AND to_regrole('"${role}"') = ANY (p.polroles))`;

/** What is missing before requests can be kept to their tenant; `undefined` where nothing is. */
export async function missingProtection(runner: Sql): Promise<string | undefined> {
  const role = requestRoleOf(runner.connection);
  const [row] = (await runner.query(`
    SELECT to_regrole('"${role}"') IS NOT NULL AS role, string_agg(t.relname, ', ') AS open
    FROM (${tables(nameOf(runner.connection))}) t WHERE (${isProtected(role)}) IS NOT TRUE`)) as {
    role: boolean;
    open: string | null;
  }[];
  if (!row?.role) return `there is no role ${role}, and this login may not create it`;
  return row.open === null ? undefined : `this login may not protect ${row.open} for the role ${role}`;
}

/**
 * Makes the role, the policies and the grants; of what is there already it touches nothing. Where our login may not, it makes
 * nothing, and the transaction around it goes on. The policy of workers repeats what owning the tables means anyway, and stands
 * where somebody forces row security upon owners too.
 *
 * Locks each table that it protects (ACCESS EXCLUSIVE, for as long as the transaction lasts), in the order of their names.
 */
export async function protectTenants(runner: Sql): Promise<void> {
  const [schema, role] = [nameOf(runner.connection), requestRoleOf(runner.connection)];
  await runner.query(`
    DO $protect$
    DECLARE
      one record;
      before text := current_setting('role');
    BEGIN
      IF to_regrole('"${role}"') IS NULL THEN
        BEGIN
          CREATE ROLE "${role}" NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
          NULL; -- An installation beside us was faster.
        END;
      END IF;
      BEGIN
        PERFORM set_config('role', '${role}', true);
        PERFORM set_config('role', before, true);
      EXCEPTION WHEN insufficient_privilege THEN
        EXECUTE 'GRANT "${role}" TO CURRENT_USER';
      END;
      GRANT USAGE ON SCHEMA "${schema}" TO "${role}";
      FOR one IN SELECT * FROM (${tables(schema)}) t WHERE (${isProtected(role)}) IS NOT TRUE LOOP
        EXECUTE format('DROP POLICY IF EXISTS tenants ON "${schema}".%I', one.relname);
        EXECUTE format('DROP POLICY IF EXISTS workers ON "${schema}".%I', one.relname);
        -- A sub-select is evaluated once for a statement, not once for a row. By = PostgreSQL would know that all rows have one
        -- tenant, and might walk a log by ids alone: past all that other tenants have stored since.
        EXECUTE format('CREATE POLICY tenants ON "${schema}".%I TO "${role}" USING (%I IS NOT DISTINCT FROM (SELECT current_setting(''${TENANT_SETTING}'', true)))', one.relname, one.key);
        EXECUTE format('CREATE POLICY workers ON "${schema}".%I TO %I USING (true)', one.relname, one.owner);
        EXECUTE format('ALTER TABLE "${schema}".%I ENABLE ROW LEVEL SECURITY', one.relname);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON "${schema}".%I TO "${role}"', one.relname);
      END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'row-level security stays off: %', SQLERRM;
    END $protect$`);
}

/** Undoes {@link protectTenants}. The role stays where another database of the cluster uses it, or it is not ours to drop. */
export async function exposeTenants(runner: Sql): Promise<void> {
  const [schema, role] = [nameOf(runner.connection), requestRoleOf(runner.connection)];
  await runner.query(`
    DO $expose$
    DECLARE one record;
    BEGIN
      FOR one IN ${tables(schema)} LOOP
        EXECUTE format('DROP POLICY IF EXISTS tenants ON "${schema}".%I', one.relname);
        EXECUTE format('DROP POLICY IF EXISTS workers ON "${schema}".%I', one.relname);
        EXECUTE format('ALTER TABLE "${schema}".%I DISABLE ROW LEVEL SECURITY', one.relname);
      END LOOP;
      IF to_regrole('"${role}"') IS NULL THEN RETURN; END IF;
      REVOKE ALL ON ALL TABLES IN SCHEMA "${schema}" FROM "${role}";
      REVOKE ALL ON SCHEMA "${schema}" FROM "${role}";
      DROP ROLE "${role}";
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      RAISE NOTICE '%', SQLERRM;
    END $expose$`);
}

/** Whether our own login is held to the policies: neither owner of the tables nor a member of the owner, it would see no rows. */
export async function isBlind(runner: Sql): Promise<boolean> {
  const [row] = (await runner.query(
    `SELECT row_security_active('${schemaOf(runner.connection)}.tenant') AS blind`,
  )) as { blind: boolean }[];
  return row?.blind ?? false;
}
