// Erases the tenants that were deleted. The list of what is to be done is the rows of `tenant` with `deleted_at`, so any process
// can go on after a crash. The row itself goes last.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { TenantRows } from '../platform/database/index.js';
import { Rounds } from '../platform/rounds.js';
import { TenantsRepository } from './tenants.repository.js';

const IDLE_MS = 60_000;
const UNFINISHED_MS = 1_000;

interface DeletedTenant {
  readonly id: string;
  /** Whether all that was under way when it was deleted has ended by now. */
  readonly isOver: boolean;
}

@Injectable()
export class TenantErasures implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Tenants');
  /** Those of which nothing was left at a look: what was under way at their end may still come in. */
  private readonly emptied = new Set<string>();
  private readonly rounds = new Rounds(
    () => this.round(),
    IDLE_MS,
    ({ message }) => {
      this.logger.warn(`Deleted tenants could not be looked for, will try again: ${message}`);
      return UNFINISHED_MS;
    },
  );

  constructor(
    private readonly tenants: TenantsRepository,
    private readonly rows: TenantRows,
  ) {}

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /** Begins at once, or at the end of the round that is under way, which may have looked before. */
  look(): void {
    this.rounds.soon();
  }

  /** Resolves with how long to pause. */
  private async round(): Promise<number> {
    const deleted = await this.tenants.findDeleted();
    const ids = new Set(deleted.map(({ id }) => id));
    for (const id of this.emptied) if (!ids.has(id)) this.emptied.delete(id);
    for (const tenant of deleted) await this.tryErase(tenant);
    return deleted.length > 0 ? UNFINISHED_MS : IDLE_MS;
  }

  /** One that cannot go, for a row of a host's own that refers to it, does not hold up the others. */
  private async tryErase(tenant: DeletedTenant): Promise<void> {
    try {
      await this.erase(tenant);
    } catch (error) {
      this.logger.warn(`Tenant ${tenant.id} could not be erased, will try again: ${(error as Error).message}`);
    }
  }

  private async erase({ id, isOver }: DeletedTenant): Promise<void> {
    if (this.emptied.has(id) && !isOver) return;
    const outcome = await this.rows.erase(id, () => this.rounds.isStopped);
    if (outcome !== 'erased') return;
    this.emptied.add(id);
    if (!isOver) return;
    await this.tenants.forget(id);
    this.emptied.delete(id);
    this.logger.log(`Erased tenant ${id}.`);
  }
}
