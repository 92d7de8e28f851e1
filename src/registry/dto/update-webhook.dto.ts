import {
  ActiveField,
  DescriptionField,
  EventsField,
  FormatField,
  HeadersField,
  MaxInFlightField,
  RetryScheduleField,
  TimeoutField,
  UrlField,
} from './webhook-fields.js';
import type { PayloadFormat } from '../webhook.entity.js';
import type { RetryScheduleInput } from './webhook-fields.js';

/** Absent fields stay as they are; null, where a field takes it, goes back to the default. */
export class UpdateWebhookDto {
  @UrlField({ optional: true })
  url?: string;

  @EventsField({ optional: true })
  events?: string[];

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
