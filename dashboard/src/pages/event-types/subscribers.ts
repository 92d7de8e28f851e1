// Which webhooks subscribe to a type, by the grammar that the server sends by.
import { patternsMatching } from '../../../../src/kernel/event-match';
import type { Webhook } from '../../api/types';

export function subscribersOf(type: string, webhooks: readonly Webhook[]): readonly Webhook[] {
  const patterns = new Set(patternsMatching(type));
  return webhooks.filter(({ events }) => events.some((pattern) => patterns.has(pattern)));
}
