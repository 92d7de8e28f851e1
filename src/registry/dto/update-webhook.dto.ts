import { EventsField, UrlField } from './webhook-fields.js';
import { WebhookPolicyDto } from './webhook-policy.dto.js';

/** Absent fields stay as they are; null, where a field takes it, goes back to the default. */
export class UpdateWebhookDto extends WebhookPolicyDto {
  @UrlField({ optional: true })
  url?: string;

  @EventsField({ optional: true })
  events?: string[];
}
