import { api } from '../../api/client';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';

/** Names in the catalogue; none for a key that may not see it. */
export function useEventTypes(): readonly string[] {
  const { value } = useResource(
    (signal) => api.get<Page<{ readonly name: string }>>('event-types', { limit: 250 }, signal),
    [],
  );
  return value?.data.map(({ name }) => name) ?? [];
}
