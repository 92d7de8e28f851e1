// Policies by which the role of API requests sees one tenant's rows. No row is rewritten; each table is locked for a moment.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { exposeTenants, protectTenants } from '../platform/database/row-level-security.js';

export class RowLevelSecurity1764000002200 implements MigrationInterface {
  readonly name = 'RowLevelSecurity1764000002200';

  /** Where the login may not, nothing is made; every later start looks again. */
  up(runner: QueryRunner): Promise<void> {
    return protectTenants(runner);
  }

  down(runner: QueryRunner): Promise<void> {
    return exposeTenants(runner);
  }
}
