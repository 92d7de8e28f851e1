import { TenantPolicyDto } from './quota-fields.js';
import { TenantNameField } from './tenant-fields.js';

/** Absent fields stay as they are; null, where a field takes it, goes back to the installation's. */
export class UpdateTenantDto extends TenantPolicyDto {
  @TenantNameField({ optional: true })
  name?: string;
}
