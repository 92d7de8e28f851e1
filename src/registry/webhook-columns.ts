// What a client says of a webhook, as columns.
import { parseExpiresAfter } from '../kernel/expiry.js';
import { policyColumnsOf } from './dto/sending-policy.dto.js';
import type { WebhookPolicyDto } from './dto/webhook-policy.dto.js';
import type { WebhookChange } from './webhooks.repository.js';

/** The columns of the fields that were given, and no others. */
export function webhookColumnsOf(
  {
    active,
    description,
    format,
    maxInFlight,
    expiresAfter,
    guarantee,
    rateLimit,
    ordered,
    ...policy
  }: WebhookPolicyDto,
  retentionMs: number,
): WebhookChange {
  return {
    ...policyColumnsOf(policy, retentionMs),
    ...(active !== undefined && { active, disabledReason: active ? null : 'manual' }),
    ...(description !== undefined && { description }),
    ...(format !== undefined && { format }),
    ...(maxInFlight !== undefined && { maxInFlight }),
    ...(expiresAfter !== undefined && { expiresAfterMs: parseExpiresAfter(expiresAfter) ?? null }),
    ...(guarantee !== undefined && { guarantee }),
    ...(rateLimit !== undefined && {
      rateLimitMax: rateLimit?.max ?? null,
      rateLimitSeconds: rateLimit?.perSeconds ?? null,
    }),
    ...(ordered !== undefined && { ordered }),
  };
}
