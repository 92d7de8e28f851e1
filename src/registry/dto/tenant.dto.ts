import { ApiProperty } from '@nestjs/swagger';
import type { Tenant } from '../tenant.entity.js';

export class TenantDto {
  @ApiProperty({ example: 'acme' })
  id!: string;

  @ApiProperty({ example: 'Acme Ltd' })
  name!: string;

  @ApiProperty({ format: 'date-time', example: '2026-03-01T12:00:00.000Z' })
  createdAt!: string;

  static of({ id, name, createdAt }: Tenant): TenantDto {
    return { id, name, createdAt: createdAt.toISOString() };
  }
}
