import { silentAfterColumns } from '../silent-after.js';
import type { Processing } from '../source.entity.js';
import type { SourceChange } from '../sources.repository.js';
import { RateLimitField } from './pace-fields.js';
import type { RateLimit } from './pace-fields.js';
import {
  AllowedIpsField,
  AnswerField,
  ConfigField,
  LimitField,
  ProcessingField,
  RelayField,
  SilentAfterField,
} from './source-fields.js';
import type { AnswerInput } from './source-fields.js';

/** What may be left out when a source is made and when it is changed. */
export abstract class SourcePolicyDto {
  @ConfigField()
  config?: Record<string, unknown>;

  @ProcessingField()
  processing?: Processing;

  @RelayField()
  relay?: boolean;

  @LimitField(
    1,
    86_400,
    'How far its clock and ours may be apart, where it signs a time. Null: the provider’s own.',
    300,
  )
  toleranceSeconds?: number | null;

  @LimitField(
    1,
    33_554_432,
    'Largest body; cut while it is still being sent. Null: the provider’s own, 1 MiB.',
    262_144,
  )
  maxBodyBytes?: number | null;

  @LimitField(100, 120_000, 'How long a body may take to arrive. Null: 30 s.', 10_000)
  readTimeoutMs?: number | null;

  @LimitField(60, 2_592_000, 'How long a repeated event is recognised. Null: `IDEMPOTENCY_WINDOW`.', 86_400)
  idempotencyWindowSeconds?: number | null;

  @SilentAfterField()
  silentAfter?: string | null;

  @RateLimitField(
    'requests',
    '`max` requests at once, and as many again over `perSeconds` seconds; counted by each process, before any signature is checked. Null: no limit.',
  )
  rateLimit?: RateLimit | null;

  @AllowedIpsField()
  allowedIps?: string[] | null;

  @AnswerField()
  answer?: AnswerInput | null;
}

/** The columns of what was given; null goes back to the default. */
export function sourceColumnsOf({ rateLimit, answer, silentAfter, ...policy }: SourcePolicyDto): SourceChange {
  return {
    ...policy,
    ...(silentAfter !== undefined && silentAfterColumns(silentAfter)),
    ...(rateLimit !== undefined && {
      rateLimitMax: rateLimit?.max ?? null,
      rateLimitSeconds: rateLimit?.perSeconds ?? null,
    }),
    ...(answer !== undefined && {
      answer: answer && {
        status: answer.status ?? 200,
        contentType: answer.contentType ?? 'text/plain',
        body: answer.body ?? '',
      },
    }),
  };
}
