import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { TENANT_ID } from '../tenant-id.js';
import { TenantPolicyDto } from './quota-fields.js';
import { TenantNameField } from './tenant-fields.js';

export class CreateTenantDto extends TenantPolicyDto {
  @ApiProperty({ pattern: TENANT_ID.source, example: 'acme' })
  @Matches(TENANT_ID, { message: 'id must be 1 to 63 of a-z, 0-9, _ and -, and begin with a letter or digit' })
  id!: string;

  @TenantNameField()
  name!: string;
}
