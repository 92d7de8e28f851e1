// The parts of the dashboard that a portal link may show, and what it takes to use them.
import type { Scope } from '../../platform/access/index.js';

interface SectionScopes {
  readonly read: readonly Scope[];
  /** What there is to change; nothing where a customer only looks. */
  readonly write?: readonly Scope[];
}

/** Sources and their secrets are the installation's own: a customer sees what came in, and changes nothing. */
const SECTION_SCOPES = {
  overview: { read: ['deliveries:read', 'webhooks:read'] },
  webhooks: { read: ['webhooks:read', 'event-types:read'], write: ['webhooks:write'] },
  deliveries: { read: ['deliveries:read', 'webhooks:read'], write: ['deliveries:write'] },
  'event-types': { read: ['event-types:read'] },
  received: { read: ['sources:read'] },
} as const satisfies Record<string, SectionScopes>;

export type PortalSection = keyof typeof SECTION_SCOPES;

export const PORTAL_SECTIONS = Object.keys(SECTION_SCOPES) as readonly PortalSection[];

export const DEFAULT_SECTIONS: readonly PortalSection[] = ['overview', 'webhooks', 'deliveries', 'event-types'];

/** What somebody may do who is shown these sections. */
export function scopesOfSections(sections: readonly PortalSection[], readOnly: boolean): Scope[] {
  const scopes = sections.flatMap((section): readonly Scope[] => {
    const { read, write = [] }: SectionScopes = SECTION_SCOPES[section];
    return readOnly ? read : [...read, ...write];
  });
  return [...new Set(scopes)];
}
