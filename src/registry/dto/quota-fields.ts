// How much a tenant may have, as the administrator writes it and sees it.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Max, Min, ValidateIf } from 'class-validator';
import { SendingPolicyDto, SendingPolicyView } from './sending-policy.dto.js';

const MAX_QUOTA = 1_000_000;

const QuotaField = (noun: string): PropertyDecorator => {
  const decorators = [
    ApiPropertyOptional({
      type: 'integer',
      minimum: 0,
      maximum: MAX_QUOTA,
      nullable: true,
      description: `How many ${noun} it may have. Null: as the installation says. What is there already stays.`,
      example: 500,
    }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
    IsInt(),
    Min(0),
    Max(MAX_QUOTA),
  ];
  return (target, key) => decorators.forEach((decorate) => decorate(target, key));
};

const QuotaView = (noun: string): PropertyDecorator =>
  ApiProperty({ type: 'integer', nullable: true, description: `How many ${noun} it may have.`, example: null });

export abstract class TenantPolicyDto extends SendingPolicyDto {
  @QuotaField('webhooks')
  maxWebhooks?: number | null;

  @QuotaField('sources')
  maxSources?: number | null;
}

/** Null, in any field: as the installation says. */
export abstract class TenantPolicyView extends SendingPolicyView {
  @QuotaView('webhooks')
  maxWebhooks!: number | null;

  @QuotaView('sources')
  maxSources!: number | null;
}
