import { NameField, ProviderField, SecretsField } from './source-fields.js';
import { SourcePolicyDto } from './source-policy.dto.js';

export class CreateSourceDto extends SourcePolicyDto {
  @NameField()
  name!: string;

  @ProviderField()
  provider!: string;

  @SecretsField()
  secrets!: string[];
}
