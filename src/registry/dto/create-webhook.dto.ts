import {
  ActiveField,
  DescriptionField,
  EventsField,
  HeadersField,
  RetryScheduleField,
  TimeoutField,
  UrlField,
} from './webhook-fields.js';
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

  @HeadersField()
  headers?: unknown;

  @TimeoutField()
  timeoutMs?: number | null;

  @RetryScheduleField()
  retrySchedule?: RetryScheduleInput | null;
}
