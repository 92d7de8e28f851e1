// The rules of tenants: who there is, what each may have, and how one ends. Refuses to end the default one.
import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { cursorId, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { factsOfTenant } from './audit/facts.js';
import { BriefCache } from './brief-cache.js';
import type { CreateTenantDto } from './dto/create-tenant.dto.js';
import { TenantDto } from './dto/tenant.dto.js';
import type { UpdateTenantDto } from './dto/update-tenant.dto.js';
import { DefaultTenantError, TenantExistsError, TenantNotFoundError } from './registry.errors.js';
import { policyColumnsOf } from './dto/sending-policy.dto.js';
import { TenantErasures } from './tenant-erasures.js';
import { DEFAULT_TENANT, isTenantId } from './tenant-id.js';
import { TenantsRepository } from './tenants.repository.js';
import { WebhookChanges } from './webhook-changes.js';

@Injectable()
export class TenantsService {
  readonly #known = new BriefCache<true>();

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'retentionMs'>,
    private readonly tenants: TenantsRepository,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
    private readonly erasures: TenantErasures,
    private readonly changes: WebhookChanges,
  ) {}

  /** Whether there is such a tenant; at most a second old. */
  async exists(id: string): Promise<boolean> {
    if (!isTenantId(id)) return false;
    return (await this.#known.get(id, async () => ((await this.tenants.exists(id)) ? true : undefined))) ?? false;
  }

  /** @throws TenantExistsError, ScheduleTooLongError */
  async create(
    { id, name, maxWebhooks, maxSources, ...policy }: CreateTenantDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<TenantDto> {
    const columns = policyColumnsOf(policy, this.settings.retentionMs);
    return this.tenants.transaction((manager) =>
      this.ledger.within(manager, request, async () => {
        const tenant = await this.tenants.insert(manager, { id, name, maxWebhooks, maxSources, ...columns });
        if (!tenant) throw new TenantExistsError();
        const made = TenantDto.of(tenant);
        await this.audit.within(manager, author, {
          action: 'tenant.created',
          resource: id,
          after: factsOfTenant(made),
        });
        return made;
      }),
    );
  }

  /** @throws TenantNotFoundError */
  async get(id: string): Promise<TenantDto> {
    const tenant = isTenantId(id) ? await this.tenants.find(id) : null;
    if (!tenant) throw new TenantNotFoundError();
    return TenantDto.of(tenant);
  }

  /** Absent fields stay as they are; what waits already is judged by the new policy. @throws TenantNotFoundError, ScheduleTooLongError */
  async update(
    id: string,
    { name, maxWebhooks, maxSources, ...policy }: UpdateTenantDto,
    author?: Author,
  ): Promise<TenantDto> {
    const columns = policyColumnsOf(policy, this.settings.retentionMs);
    return this.tenants.transaction(async (manager) => {
      const before = isTenantId(id) ? await this.tenants.lock(manager, id) : null;
      if (!before) throw new TenantNotFoundError();
      await this.tenants.update(manager, id, {
        ...columns,
        ...(name !== undefined && { name }),
        ...(maxWebhooks !== undefined && { maxWebhooks }),
        ...(maxSources !== undefined && { maxSources }),
      });
      const now = TenantDto.of(await this.tenants.read(manager, id));
      const facts = { before: factsOfTenant(TenantDto.of(before)), after: factsOfTenant(now) };
      await this.audit.within(manager, author, { action: 'tenant.updated', resource: id, ...facts });
      return now;
    });
  }

  async list({ limit, cursor }: PageQuery): Promise<Page<TenantDto>> {
    const rows = await this.tenants.findPage(limit + 1, cursorId(cursor, isTenantId));
    return pageOf(
      rows.map((tenant) => TenantDto.of(tenant)),
      limit,
      ({ id }) => id,
    );
  }

  /**
   * Ends a tenant at once and has all its rows erased, which takes as long as it takes.
   *
   * @throws TenantNotFoundError, DefaultTenantError
   */
  async delete(id: string, author?: Author): Promise<void> {
    if (id === DEFAULT_TENANT) throw new DefaultTenantError();
    await this.tenants.transaction(async (manager) => {
      if (!isTenantId(id) || !(await this.tenants.lock(manager, id))) throw new TenantNotFoundError();
      await this.tenants.end(manager, id);
      // Its own log is erased with it.
      const recorded = author && { ...author, tenantId: author.tenantId === id ? DEFAULT_TENANT : author.tenantId };
      await this.audit.within(manager, recorded, { action: 'tenant.deleted', resource: id });
    });
    this.#known.forget(id);
    this.changes.tellTenantDeleted(id);
    this.erasures.look();
  }
}
