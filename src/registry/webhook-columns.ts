// What a client says of a webhook, as columns.
import { EventFilter } from '../kernel/event-filter/event-filter.js';
import { parseExpiresAfter } from '../kernel/expiry.js';
import { newId } from '../kernel/ids.js';
import { policyColumnsOf } from './dto/sending-policy.dto.js';
import type { WebhookPolicyDto } from './dto/webhook-policy.dto.js';
import { InvalidFilterError } from './registry.errors.js';
import type { Webhook } from './webhook.entity.js';
import type { WebhookChange } from './webhooks.repository.js';

/** The columns of the fields that were given, and no others. @throws InvalidFilterError, ScheduleTooLongError */
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
    filter,
    transformation,
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
    ...(filter !== undefined && filterColumnsOf(filter)),
    ...(transformation !== undefined && { transformation }),
  };
}

/** Takes out of a change what follows from a field that stays as it was. */
export function dropUnchanged(change: WebhookChange, before: Webhook): void {
  if (before.active === change.active) delete change.disabledReason;
  // The same filter keeps its id, so that nobody has to be told of it. Compared as text: it is shown as it was given.
  if (change.filter && JSON.stringify(change.filter) === JSON.stringify(before.filter)) delete change.filterId;
}

/** @throws InvalidFilterError naming each place that is wrong */
function filterColumnsOf(filter: unknown): Pick<WebhookChange, 'filter' | 'filterId'> {
  if (filter === null) return { filter: null, filterId: null };
  const read = EventFilter.read(filter);
  if (!(read instanceof EventFilter)) throw new InvalidFilterError(read);
  return { filter: filter, filterId: newId() };
}
