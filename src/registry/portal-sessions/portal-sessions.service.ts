// Links that let a customer see a part of the dashboard, for one tenant and for a while.
import { Injectable } from '@nestjs/common';
import { fingerprintOf, newPortalToken } from '../../kernel/api-key.js';
import { newId } from '../../kernel/ids.js';
import { includesScope, InsufficientScopeError } from '../../platform/access/index.js';
import type { BearerToken, Principal } from '../../platform/access/index.js';
import { AuditLog } from '../../platform/audit/index.js';
import type { Author } from '../../platform/audit/index.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { factsOfPortalSession } from '../audit/facts.js';
import { BriefCache } from '../brief-cache.js';
import { PortalSessionNotFoundError } from '../registry.errors.js';
import { DEFAULT_LIFETIME_MS, parseLifetime } from './dto/create-portal-session.dto.js';
import type { CreatePortalSessionDto } from './dto/create-portal-session.dto.js';
import { CreatedPortalSessionDto, PortalSessionDto } from './dto/portal-session.dto.js';
import { DEFAULT_SECTIONS, scopesOfSections } from './portal-sections.js';
import type { PortalSession } from './portal-session.entity.js';
import { PortalSessionsRepository } from './portal-sessions.repository.js';

@Injectable()
export class PortalSessionsService {
  /** By fingerprint; so by id it is not known which to forget, and one that was ended is believed for a second. */
  readonly #usable = new BriefCache<PortalSession>();

  constructor(
    private readonly sessions: PortalSessionsRepository,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  /**
   * A new link for the tenant of whoever asks.
   *
   * @param dashboardUrl - Where the dashboard is.
   * @returns a repeat of `request` gets all but the link and its token.
   * @throws InsufficientScopeError where it would be allowed more than its maker.
   */
  async create(
    { tenantId, scopes: held, installation, expiresAt: makerEnds }: Principal,
    { sections = [...DEFAULT_SECTIONS], readOnly = false, expiresIn, user, theme }: CreatePortalSessionDto,
    dashboardUrl: string,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<CreatedPortalSessionDto | PortalSessionDto> {
    const wanted = scopesOfSections(sections, readOnly);
    const beyond = installation ? undefined : wanted.find((scope) => !includesScope(held, scope));
    if (beyond) throw new InsufficientScopeError(beyond);
    const token = newPortalToken();
    const row = {
      id: newId(),
      tenantId,
      fingerprint: fingerprintOf(token.reveal()),
      sections,
      readOnly,
      user: user ?? null,
      theme: theme ?? null,
      lastsMs: parseLifetime(expiresIn) ?? DEFAULT_LIFETIME_MS,
      notAfter: makerEnds,
    };
    const made = await this.sessions.transaction(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        await this.sessions.deleteOver(manager, tenantId);
        const inserted = PortalSessionDto.of(await this.sessions.insert(manager, row));
        await this.audit.within(manager, author, {
          action: 'portal_session.created',
          resource: row.id,
          after: factsOfPortalSession(inserted),
        });
        return inserted;
      }),
    );
    return made.id === row.id ? CreatedPortalSessionDto.reveal(made, dashboardUrl, token) : made;
  }

  /** From a second later on nobody gets in with it. @throws PortalSessionNotFoundError */
  async end(tenantId: string, id: string, author?: Author): Promise<void> {
    await this.sessions.transaction(tenantId, async (manager) => {
      if (!(await this.sessions.end(manager, tenantId, id))) throw new PortalSessionNotFoundError();
      await this.audit.within(manager, author, { action: 'portal_session.ended', resource: id });
    });
  }

  /** For whom a token acts, as of a second ago at most; `undefined`: it may not be used, or not any more. */
  async recognise({ fingerprint }: Pick<BearerToken, 'fingerprint'>): Promise<Principal | undefined> {
    // The fingerprint is the hash of 256 random bits: how long an index takes to compare it tells nothing that helps.
    const session = await this.#usable.get(
      fingerprint.toString('base64'),
      async () => (await this.sessions.findUsable(fingerprint)) ?? undefined,
    );
    return session && principalOf(session);
  }
}

const principalOf = ({ id, tenantId, sections, readOnly, user, theme, expiresAt }: PortalSession): Principal => ({
  tenantId,
  scopes: scopesOfSections(sections, readOnly),
  subject: `portal:${user ?? id}`,
  expiresAt,
  portal: { sections, ...(theme && { theme }) },
});
