import { AuthenticationField } from './authentication.dto.js';
import type { Guarantee, PayloadFormat } from '../webhook.entity.js';
import { MaxInFlightField, OrderedField, RateLimitField } from './pace-fields.js';
import type { RateLimit } from './pace-fields.js';
import { SendingPolicyDto } from './sending-policy.dto.js';
import {
  ActiveField,
  DescriptionField,
  ExpiresAfterField,
  FilterField,
  FormatField,
  GuaranteeField,
  HeadersField,
  TransformationField,
} from './webhook-fields.js';

/** What may be left out when a webhook is made and when it is changed: how it is sent to, not where and what. */
export abstract class WebhookPolicyDto extends SendingPolicyDto {
  @ActiveField()
  active?: boolean;

  @DescriptionField()
  description?: string | null;

  @FormatField()
  format?: PayloadFormat;

  @HeadersField()
  headers?: unknown;

  @AuthenticationField()
  authentication?: unknown;

  @MaxInFlightField()
  maxInFlight?: number | null;

  @RateLimitField(
    'attempts',
    'At most `max` attempts in any `perSeconds` seconds, from all workers together. Null: no limit.',
  )
  rateLimit?: RateLimit | null;

  @OrderedField()
  ordered?: boolean;

  @ExpiresAfterField()
  expiresAfter?: string | null;

  @FilterField()
  filter?: unknown;

  @TransformationField(
    'JSONata that makes what is sent in the place of an event: of its `id`, `event`, `timestamp` and `data`. Null: the event is sent.',
  )
  transformation?: string | null;

  @GuaranteeField()
  guarantee?: Guarantee;
}
