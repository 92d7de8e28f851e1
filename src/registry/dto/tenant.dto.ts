import { ApiProperty } from '@nestjs/swagger';
import type { Tenant } from '../tenant.entity.js';
import { TenantPolicyView } from './quota-fields.js';
import { viewOfPolicy } from './sending-policy.dto.js';

export class TenantDto extends TenantPolicyView {
  @ApiProperty({ example: 'acme' })
  id!: string;

  @ApiProperty({ example: 'Acme Ltd' })
  name!: string;

  @ApiProperty({ format: 'date-time', example: '2026-03-01T12:00:00.000Z' })
  createdAt!: string;

  static of(tenant: Tenant): TenantDto {
    const { id, name, maxWebhooks, maxSources, createdAt } = tenant;
    return { id, name, ...viewOfPolicy(tenant), maxWebhooks, maxSources, createdAt: createdAt.toISOString() };
  }
}
