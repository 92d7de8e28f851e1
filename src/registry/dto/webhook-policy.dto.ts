import type { PayloadFormat } from '../webhook.entity.js';
import {
  ActiveField,
  DescriptionField,
  FormatField,
  HeadersField,
  MaxInFlightField,
  RetryScheduleField,
  TimeoutField,
} from './webhook-fields.js';
import type { RetryScheduleInput } from './webhook-fields.js';

/** What may be left out when a webhook is made and when it is changed: how it is sent to, not where and what. */
export abstract class WebhookPolicyDto {
  @ActiveField()
  active?: boolean;

  @DescriptionField()
  description?: string | null;

  @FormatField()
  format?: PayloadFormat;

  @HeadersField()
  headers?: unknown;

  @TimeoutField()
  timeoutMs?: number | null;

  @MaxInFlightField()
  maxInFlight?: number | null;

  @RetryScheduleField()
  retrySchedule?: RetryScheduleInput | null;
}
