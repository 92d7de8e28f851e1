// The sending policy as clients write it and as they see it, of a webhook or of a tenant.
import { ApiProperty } from '@nestjs/swagger';
import { formatAutoDisable, parseAutoDisable } from '../../kernel/auto-disable.js';
import { formatDuration } from '../../kernel/duration.js';
import { ScheduleTooLongError } from '../registry.errors.js';
import type { SendingPolicyColumns } from '../sending-policy.columns.js';
import {
  AutoDisableField,
  MaxRetryWaitField,
  readAutoDisable,
  readRetrySchedule,
  RetryJitterField,
  RetryScheduleField,
  RetryStatusesField,
  TimeoutField,
} from './sending-policy-fields.js';
import type { AutoDisableInput, RetryScheduleInput } from './sending-policy-fields.js';

export abstract class SendingPolicyDto {
  @TimeoutField()
  timeoutMs?: number | null;

  @RetryScheduleField()
  retrySchedule?: RetryScheduleInput | null;

  @RetryJitterField()
  retryJitter?: number | null;

  @MaxRetryWaitField()
  maxRetryWaitMs?: number | null;

  @RetryStatusesField()
  retryStatuses?: string[] | null;

  @AutoDisableField()
  autoDisable?: AutoDisableInput | null;
}

/** Null, in any field: the tenant's, else the installation's. */
export abstract class SendingPolicyView {
  @ApiProperty({ type: 'integer', nullable: true, description: 'Deadline of one attempt.', example: null })
  timeoutMs!: number | null;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Waits before each retry.',
    example: ['1s', '5s', '30s'],
  })
  retrySchedule!: string[] | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Share of a wait that is random.', example: null })
  retryJitter!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Longest wait before a retry.', example: null })
  maxRetryWaitMs!: number | null;

  @ApiProperty({ type: [String], nullable: true, description: 'Answers that are tried again.', example: null })
  retryStatuses!: string[] | null;

  @ApiProperty({
    nullable: true,
    oneOf: [
      { type: 'object', properties: { after: { type: 'string' }, attempts: { type: 'integer' } } },
      { type: 'boolean', enum: [false] },
    ],
    description: 'When it is disabled for only failing; false: never.',
    example: null,
  })
  autoDisable!: AutoDisableInput | null;
}

/**
 * The columns of the fields that were given, and no others.
 *
 * @throws ScheduleTooLongError where the log of a delivery would be deleted before its last retry.
 */
export function policyColumnsOf(
  { timeoutMs, retrySchedule, retryJitter, maxRetryWaitMs, retryStatuses, autoDisable }: SendingPolicyDto,
  retentionMs: number,
): Partial<SendingPolicyColumns> {
  const waits = readRetrySchedule(retrySchedule);
  if (waits && waits.reduce((sum, wait) => sum + wait, 0) >= retentionMs) throw new ScheduleTooLongError();
  const rule = readAutoDisable(autoDisable);
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retrySchedule !== undefined && { retrySchedule: waits ? [...waits] : null }),
    ...(retryJitter !== undefined && { retryJitter }),
    ...(maxRetryWaitMs !== undefined && { maxRetryWaitMs }),
    ...(retryStatuses !== undefined && { retryStatuses }),
    ...(autoDisable !== undefined && { autoDisable: rule === undefined ? null : formatAutoDisable(rule) }),
  };
}

/** The columns as clients see them. */
export const viewOfPolicy = ({
  timeoutMs,
  retrySchedule,
  retryJitter,
  maxRetryWaitMs,
  retryStatuses,
  autoDisable,
}: SendingPolicyColumns): SendingPolicyView => ({
  timeoutMs,
  retrySchedule: retrySchedule?.map(formatDuration) ?? null,
  retryJitter,
  maxRetryWaitMs,
  retryStatuses,
  autoDisable: autoDisable === null ? null : viewOfRule(autoDisable),
});

function viewOfRule(text: string): AutoDisableInput {
  const rule = parseAutoDisable(text);
  return rule ? { after: formatDuration(rule.afterMs), attempts: rule.attempts } : false;
}
