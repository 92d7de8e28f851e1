// What a webhook's subscription makes of an event. Pure: asked by people who want to know why, not by the fan-out, which
// asks SQL for the types.
import { EventFilter } from '../kernel/event-filter/event-filter.js';
import type { FilteredEvent } from '../kernel/event-filter/event-filter.js';
import { patternsMatching } from '../kernel/event-match.js';
import type { FilterVerdictDto } from './dto/test-filter.dto.js';
import { InvalidFilterError } from './registry.errors.js';

/** @throws InvalidFilterError */
export function verdictOf(patterns: readonly string[], filter: unknown, event: FilteredEvent): FilterVerdictDto {
  const subscribed = patternsMatching(event.event).some((pattern) => patterns.includes(pattern));
  const failedClause = (filter === null ? undefined : readOf(filter).failed(event)) ?? null;
  return { matched: subscribed && failedClause === null, subscribed, failedClause };
}

function readOf(filter: unknown): EventFilter {
  const read = EventFilter.read(filter);
  if (!(read instanceof EventFilter)) throw new InvalidFilterError(read);
  return read;
}
