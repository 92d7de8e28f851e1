// The pages, in the order of the navigation. A new one is a folder and a line here; dashboard/README.md says how.
import type { ComponentType } from 'preact';
import type { Me } from '../api/types';

export interface PageProps {
  readonly me: Me;
  /** What of the page: `['<id>']` of `#/deliveries/<id>`. */
  readonly rest: readonly string[];
  /** The filters in the address. */
  readonly params: URLSearchParams;
}

export interface PageDefinition {
  /** The first word of its address, and the section of it that a portal link may open. */
  readonly path: string;
  readonly title: string;
  /** Without it, a key sees that it lacks it. */
  readonly scope: string;
  load(): Promise<{ readonly default: ComponentType<PageProps> }>;
}

export const PAGES: readonly PageDefinition[] = [
  { path: 'overview', title: 'Overview', scope: 'deliveries:read', load: () => import('./overview/overview') },
  { path: 'deliveries', title: 'Deliveries', scope: 'deliveries:read', load: () => import('./deliveries/deliveries') },
  { path: 'webhooks', title: 'Webhooks', scope: 'webhooks:read', load: () => import('./webhooks/webhooks') },
  {
    path: 'event-types',
    title: 'Event types',
    scope: 'event-types:read',
    load: () => import('./event-types/event-types'),
  },
  { path: 'received', title: 'Received', scope: 'sources:read', load: () => import('./received/received') },
  { path: 'settings', title: 'Settings', scope: 'keys:write', load: () => import('./settings/settings') },
];
