// Policies that PostgreSQL does not take for an equality. From one it concludes that all rows have one tenant, and walks the log by
// ids alone: past all that other tenants have stored since.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaOf } from '../platform/database/schema.js';

export class PoliciesBesideTheOrder1764000002770 implements MigrationInterface {
  readonly name = 'PoliciesBesideTheOrder1764000002770';

  up(runner: QueryRunner): Promise<void> {
    return rewrite(runner, 'IS NOT DISTINCT FROM');
  }

  down(runner: QueryRunner): Promise<void> {
    return rewrite(runner, '=');
  }
}

/** Of the tables that have a policy, in the order of their names: ACCESS EXCLUSIVE, for as long as the transaction lasts. */
async function rewrite(runner: QueryRunner, operator: string): Promise<void> {
  const s = schemaOf(runner.connection);
  await runner.query(`
    DO $rewrite$
    DECLARE one record;
    BEGIN
      FOR one IN SELECT c.relname, CASE c.relname WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END AS key
                 FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
                 WHERE p.polname = 'tenants' AND c.relnamespace = '${s}'::regnamespace ORDER BY c.relname LOOP
        EXECUTE format('ALTER POLICY tenants ON ${s}.%I USING (%I ${operator} (SELECT current_setting(''posthorn.tenant'', true)))',
                       one.relname, one.key);
      END LOOP;
    END $rewrite$`);
}
