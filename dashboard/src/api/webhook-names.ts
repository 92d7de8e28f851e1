// Webhooks by their id, for lists that name them. A key that may not see webhooks sees their ids.
import { useMemo } from 'preact/hooks';
import { api } from './client';
import type { Page, Webhook } from './types';
import { useResource } from './use-resource';

const MOST = 250;

export interface WebhookNames {
  readonly all: readonly Webhook[];
  /** The URL without its scheme, or the beginning of the id. */
  readonly nameOf: (id: string) => string;
}

export function useWebhookNames(): WebhookNames {
  const { value } = useResource((signal) => api.get<Page<Webhook>>('webhooks', { limit: MOST }, signal), []);
  return useMemo(() => {
    const all = value?.data ?? [];
    const urls = new Map(all.map(({ id, url }) => [id, url]));
    return { all, nameOf: (id) => shortUrl(urls.get(id)) ?? `${id.slice(0, 13)}…` };
  }, [value]);
}

export const shortUrl = (url: string | undefined): string | undefined => url?.replace(/^https?:\/\//, '');
