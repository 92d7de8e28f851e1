// The rules of API keys: what a new one may do, and whether one that is shown may be used. Another replica's change is seen
// within a second, in both directions.
import { Injectable } from '@nestjs/common';
import { apiKeyPrefix, fingerprintOf, isApiKey, isSameFingerprint, newApiKey } from '../../kernel/api-key.js';
import { systemClock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { includesScope, InsufficientScopeError } from '../../platform/access/index.js';
import type { BearerToken, Principal } from '../../platform/access/index.js';
import { AuditLog } from '../../platform/audit/index.js';
import type { Author } from '../../platform/audit/index.js';
import { cursorId, momentOf, pageOf } from '../../platform/http/index.js';
import type { Page, PageQuery } from '../../platform/http/index.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { factsOfApiKey } from '../audit/facts.js';
import { BriefCache } from '../brief-cache.js';
import { ApiKeyNotFoundError, ExpiredAlreadyError, OutlivesMakerError } from '../registry.errors.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeyDto, CreatedApiKeyDto } from './dto/api-key.dto.js';
import type { CreateApiKeyDto } from './dto/create-api-key.dto.js';

/** A key that may be used, as far as a request needs it. */
type UsableKey = Pick<ApiKey, 'id' | 'tenantId' | 'scopes' | 'expiresAt'>;

@Injectable()
export class ApiKeysService {
  /** By fingerprint: keys themselves are not kept in memory. */
  readonly #usable = new BriefCache<UsableKey>();

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  /**
   * A new key for the tenant of whoever asks.
   *
   * @returns a repeat of `request` gets all but the key itself.
   * @throws InsufficientScopeError where it would be allowed more than its maker; ExpiredAlreadyError, OutlivesMakerError
   */
  async create(
    { tenantId, scopes: held, subject, installation, expiresAt: makerEnds }: Principal,
    { name, scopes, expiresAt }: CreateApiKeyDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<CreatedApiKeyDto | ApiKeyDto> {
    const beyond = installation ? undefined : scopes.find((scope) => !includesScope(held, scope));
    if (beyond) throw new InsufficientScopeError(beyond);
    const expiry = momentOf(expiresAt) ?? makerEnds ?? null;
    if (makerEnds && expiry && expiry > makerEnds) throw new OutlivesMakerError();
    if (expiry && expiry.getTime() <= systemClock()) throw new ExpiredAlreadyError();
    const key = newApiKey();
    const row = {
      id: newId(),
      tenantId,
      name,
      prefix: apiKeyPrefix(key.reveal()),
      fingerprint: fingerprintOf(key.reveal()),
      scopes,
      createdBy: subject,
      expiresAt: expiry,
    };
    const made = await this.keys.transaction(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        const inserted = ApiKeyDto.of(await this.keys.insert(manager, row));
        const change = { action: 'api_key.created', resource: row.id, after: factsOfApiKey(inserted) };
        await this.audit.within(manager, author, change);
        return inserted;
      }),
    );
    return made.id === row.id ? CreatedApiKeyDto.reveal(made, key) : made;
  }

  async list(tenantId: string, { limit, cursor }: PageQuery): Promise<Page<ApiKeyDto>> {
    const rows = await this.keys.findPage(tenantId, limit + 1, cursorId(cursor));
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    return { data: data.map((key) => ApiKeyDto.of(key)), nextCursor };
  }

  /** @throws ApiKeyNotFoundError */
  async get(tenantId: string, id: string): Promise<ApiKeyDto> {
    const key = await this.keys.find(tenantId, id);
    if (!key) throw new ApiKeyNotFoundError();
    return ApiKeyDto.of(key);
  }

  /** From now on nobody gets in with it; at other replicas, after a second at most. @throws ApiKeyNotFoundError */
  async revoke(tenantId: string, id: string, author?: Author): Promise<void> {
    const key = await this.keys.transaction(tenantId, async (manager) => {
      const revoked = await this.keys.revoke(manager, tenantId, id);
      if (revoked) await this.audit.within(manager, author, { action: 'api_key.revoked', resource: id });
      return revoked;
    });
    if (!key) throw new ApiKeyNotFoundError();
    this.#usable.forget(key.fingerprint.toString('base64'));
  }

  /** The key that a token is, if it may be used: neither revoked nor expired, as of a second ago at most. */
  recognise({ token, fingerprint }: BearerToken): Promise<UsableKey | undefined> {
    return this.#usable.get(fingerprint.toString('base64'), async () => {
      // Asked only now: the checksum takes longer than looking up what is remembered.
      if (!isApiKey(token)) return undefined;
      const candidates = await this.keys.findUsableByPrefix(apiKeyPrefix(token));
      return candidates.find((key) => isSameFingerprint(key.fingerprint, fingerprint));
    });
  }
}
