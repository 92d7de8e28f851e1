// Portal sessions in PostgreSQL. One that is over is not there any more, and goes when the tenant gets its next one.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Raw, Repository } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE, TenantDatabase } from '../../platform/database/index.js';
import { PortalSession } from './portal-session.entity.js';

const IN_FUTURE = Raw<Date>((column) => `${column} > now()`);
const OVER = Raw<Date>((column) => `${column} <= now()`);

type NewPortalSession = Omit<PortalSession, 'tenant' | 'createdAt' | 'expiresAt'> & {
  readonly lastsMs: number;
  /** It ends no later than this. */
  readonly notAfter?: Date;
};

@Injectable()
export class PortalSessionsRepository {
  /** @param sessions - Of every tenant: whose a token is, one knows only when it was found. */
  constructor(
    private readonly database: TenantDatabase,
    @InjectRepository(PortalSession, DATA_SOURCE) private readonly sessions: Repository<PortalSession>,
  ) {}

  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(tenantId, work);
  }

  /** The one that may be used now, of whichever tenant is there: those of one that was deleted go only with its other rows. */
  findUsable(fingerprint: Buffer): Promise<PortalSession | null> {
    return this.sessions.findOneBy({ fingerprint, expiresAt: IN_FUTURE, tenant: { deletedAt: IsNull() } });
  }

  /** The database's clock says when it ends, as it says later whether it has ended. */
  async insert(manager: EntityManager, { lastsMs, notAfter, ...session }: NewPortalSession): Promise<PortalSession> {
    await manager
      .createQueryBuilder()
      .insert()
      .into(PortalSession)
      .values({ ...session, expiresAt: () => `least(now() + :lastsMs * interval '1 ms', :notAfter::timestamptz)` })
      .setParameters({ lastsMs, notAfter: notAfter ?? null })
      .execute();
    return manager.findOneByOrFail(PortalSession, { id: session.id });
  }

  /** Whether there was one that was not over. */
  async end(manager: EntityManager, tenantId: string, id: string): Promise<boolean> {
    const { affected } = await manager.delete(PortalSession, { tenantId, id, expiresAt: IN_FUTURE });
    return affected === 1;
  }

  /** Makes room: nobody asks for what is over. Locks the rows it deletes. */
  async deleteOver(manager: EntityManager, tenantId: string): Promise<void> {
    await manager.delete(PortalSession, { tenantId, expiresAt: OVER });
  }
}
