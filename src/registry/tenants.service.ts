import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { cursorId, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { BriefCache } from './brief-cache.js';
import type { CreateTenantDto } from './dto/create-tenant.dto.js';
import { TenantDto } from './dto/tenant.dto.js';
import type { UpdateTenantDto } from './dto/update-tenant.dto.js';
import { TenantExistsError, TenantNotFoundError } from './registry.errors.js';
import { policyColumnsOf } from './dto/sending-policy.dto.js';
import { isTenantId } from './tenant-id.js';
import { TenantsRepository } from './tenants.repository.js';

@Injectable()
export class TenantsService {
  readonly #known = new BriefCache<true>();

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'retentionMs'>,
    private readonly tenants: TenantsRepository,
    private readonly ledger: IdempotencyLedger,
  ) {}

  /** Whether there is such a tenant; at most a second old. */
  async exists(id: string): Promise<boolean> {
    if (!isTenantId(id)) return false;
    return (await this.#known.get(id, async () => ((await this.tenants.exists(id)) ? true : undefined))) ?? false;
  }

  /** @throws TenantExistsError, ScheduleTooLongError */
  async create({ id, name, ...policy }: CreateTenantDto, request?: IdempotentRequest): Promise<TenantDto> {
    const columns = policyColumnsOf(policy, this.settings.retentionMs);
    return this.tenants.transaction((manager) =>
      this.ledger.within(manager, request, async () => {
        const tenant = await this.tenants.insert(manager, { id, name, ...columns });
        if (!tenant) throw new TenantExistsError();
        return TenantDto.of(tenant);
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
  async update(id: string, { name, ...policy }: UpdateTenantDto): Promise<TenantDto> {
    const columns = policyColumnsOf(policy, this.settings.retentionMs);
    if (isTenantId(id)) await this.tenants.update(id, { ...columns, ...(name !== undefined && { name }) });
    return this.get(id);
  }

  async list({ limit, cursor }: PageQuery): Promise<Page<TenantDto>> {
    const rows = await this.tenants.findPage(limit + 1, cursorId(cursor, isTenantId));
    return pageOf(
      rows.map((tenant) => TenantDto.of(tenant)),
      limit,
      ({ id }) => id,
    );
  }
}
