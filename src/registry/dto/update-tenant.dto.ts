import { SendingPolicyDto } from './sending-policy.dto.js';
import { TenantNameField } from './tenant-fields.js';

/** Absent fields stay as they are; null, where a field takes it, goes back to the installation's. */
export class UpdateTenantDto extends SendingPolicyDto {
  @TenantNameField({ optional: true })
  name?: string;
}
