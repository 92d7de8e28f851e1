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

export class CreateWebhookDto {
  @UrlField()
  url!: string;

  @EventsField()
  events!: string[];

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
