import { Injectable } from '@nestjs/common';
import { cursorId, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { BriefCache } from './brief-cache.js';
import type { CreateTenantDto } from './dto/create-tenant.dto.js';
import { TenantDto } from './dto/tenant.dto.js';
import { TenantExistsError } from './registry.errors.js';
import { isTenantId } from './tenant-id.js';
import { TenantsRepository } from './tenants.repository.js';

@Injectable()
export class TenantsService {
  readonly #known = new BriefCache<true>();

  constructor(private readonly tenants: TenantsRepository) {}

  /** Whether there is such a tenant; at most a second old. */
  async exists(id: string): Promise<boolean> {
    if (!isTenantId(id)) return false;
    return (await this.#known.get(id, async () => ((await this.tenants.exists(id)) ? true : undefined))) ?? false;
  }

  /** @throws TenantExistsError */
  async create({ id, name }: CreateTenantDto): Promise<TenantDto> {
    const tenant = await this.tenants.insert(id, name);
    if (!tenant) throw new TenantExistsError();
    return TenantDto.of(tenant);
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
