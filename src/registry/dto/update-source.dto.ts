import { SourcePolicyDto } from './source-policy.dto.js';

/** Absent fields stay as they are; null, where a field takes it, goes back to the default. */
export class UpdateSourceDto extends SourcePolicyDto {}
