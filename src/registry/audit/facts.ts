// What the audit log may know of the registry's things. URLs and provider settings often hold tokens: of those it keeps that
// they changed, and of a URL where it leads.
import type { Facts } from '../../platform/audit/index.js';
import type { ApiKeyDto } from '../api-keys/dto/api-key.dto.js';
import type { SourceDto } from '../dto/source.dto.js';
import type { TenantDto } from '../dto/tenant.dto.js';
import type { EventTypeDto } from '../event-types/dto/event-type.dto.js';
import type { PortalSessionDto } from '../portal-sessions/dto/portal-session.dto.js';
import type { WebhookDto } from '../dto/webhook.dto.js';

/** What an entry says in its own way, and what is no news: each secret has an entry of its own. */
const LEFT_OUT = new Set(['id', 'createdAt', 'updatedAt', 'secrets', 'url', 'config', 'answer', 'transformation']);

const shownOf = (view: object): Facts['shown'] =>
  Object.fromEntries(Object.entries(view).filter(([field]) => !LEFT_OUT.has(field)));

export const factsOfWebhook = (webhook: WebhookDto): Facts => {
  const { authentication } = webhook;
  const tokenUrl = authentication?.type === 'oauth2' ? authentication.tokenUrl : undefined;
  return {
    shown: {
      origin: new URL(webhook.url).origin,
      ...shownOf(webhook),
      authentication: authentication && { ...authentication, tokenUrl: undefined },
    },
    hidden: { url: webhook.url, transformation: webhook.transformation, tokenUrl },
  };
};

export const factsOfSource = (source: SourceDto): Facts => ({
  shown: shownOf(source),
  hidden: { config: source.config, answer: source.answer },
});

/** Schemas and examples are long; of those it keeps that they changed. */
export const factsOfEventType = ({ schema, example, ...shown }: EventTypeDto): Facts => ({
  shown: shownOf(shown),
  hidden: { schema, example },
});

export const factsOfTenant = (tenant: TenantDto): Facts => ({ shown: shownOf(tenant) });

export const factsOfApiKey = ({ name, prefix, scopes, expiresAt }: ApiKeyDto): Facts => ({
  shown: { name, prefix, scopes, expiresAt },
});

export const factsOfPortalSession = ({ sections, readOnly, user, expiresAt }: PortalSessionDto): Facts => ({
  shown: { sections, readOnly, user, expiresAt },
});
