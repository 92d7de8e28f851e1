import { EventsField, UrlField } from './webhook-fields.js';
import { WebhookPolicyDto } from './webhook-policy.dto.js';

export class CreateWebhookDto extends WebhookPolicyDto {
  @UrlField()
  url!: string;

  @EventsField()
  events!: string[];
}
