// The rules of sources: what its provider can work with, and how secrets come and go without a gap. This process sees a
// change at once, the others within a second.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { parseDuration } from '../kernel/duration.js';
import { newId } from '../kernel/ids.js';
import { SecretBoxError } from '../kernel/secret-box.js';
import { Secret } from '../kernel/secret.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { cursorId, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { factsOfSource } from './audit/facts.js';
import { DEFAULT_GRACE } from './dto/add-source-secret.dto.js';
import type { AddSourceSecretDto } from './dto/add-source-secret.dto.js';
import type { CreateSourceDto } from './dto/create-source.dto.js';
import { MAX_SECRETS } from './dto/source-fields.js';
import { sourceColumnsOf } from './dto/source-policy.dto.js';
import { SourceDto } from './dto/source.dto.js';
import type { UpdateSourceDto } from './dto/update-source.dto.js';
import { SecretDto } from './dto/secret.dto.js';
import { OpenSources } from './open-sources.js';
import { Quotas } from './quotas.js';
import {
  InvalidSourceError,
  SecretUnreadableError,
  SourceExistsError,
  SourceNotFoundError,
  TooManySecretsError,
  UnknownProviderError,
} from './registry.errors.js';
import { isSourceName } from './source-name.js';
import { Relaying } from './relaying.js';
import { SourceSecretsRepository } from './secrets.repository.js';
import { SourceProviders } from './source-providers.js';
import { SourceSecrets } from './source-secrets.js';
import type { SourceSecret } from './source-secret.entity.js';
import type { Source } from './source.entity.js';
import { SourcesRepository } from './sources.repository.js';

@Injectable()
export class SourcesService {
  constructor(
    private readonly sources: SourcesRepository,
    private readonly secrets: SourceSecretsRepository,
    private readonly sealed: SourceSecrets,
    private readonly open: OpenSources,
    private readonly providers: SourceProviders,
    private readonly relaying: Relaying,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
  ) {}

  /** @throws UnknownProviderError, InvalidSourceError, QuotaExceededError, SourceExistsError */
  async create(
    tenantId: string,
    { name, provider, secrets: texts, ...policy }: CreateSourceDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<SourceDto> {
    const secrets = [...new Set(texts)].map((text) => new Secret(text));
    this.judge(provider, secrets, policy.config ?? {});
    this.relaying.check(policy.relay);
    const id = newId();
    const source = { id, tenantId, name, provider, ...sourceColumnsOf(policy) };
    const rows = await this.sealed.sealAll({ id, tenantId }, secrets);
    return this.sources.transaction(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        await this.quotas.makeRoom(manager, tenantId, 'sources');
        if (!(await this.sources.insert(manager, source))) throw new SourceExistsError();
        await this.secrets.insert(manager, rows);
        const made = await this.get(tenantId, name, manager);
        await this.audit.within(manager, author, {
          action: 'source.created',
          resource: name,
          after: factsOfSource(made),
        });
        return made;
      }),
    );
  }

  async list(tenantId: string, { limit, cursor }: PageQuery): Promise<Page<SourceDto>> {
    const rows = await this.sources.findPage(tenantId, limit + 1, cursorId(cursor));
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    const secrets = await this.secrets.findLive(
      tenantId,
      data.map(({ id }) => id),
    );
    const secretsOf = (id: string) => secrets.filter(({ sourceId }) => sourceId === id);
    return { data: data.map((source) => SourceDto.of(source, secretsOf(source.id))), nextCursor };
  }

  /** @throws SourceNotFoundError */
  async get(tenantId: string, name: string, manager?: EntityManager): Promise<SourceDto> {
    const source = isSourceName(name) ? await this.sources.findByName(tenantId, name, manager) : null;
    if (!source) throw new SourceNotFoundError();
    return SourceDto.of(source, await this.secrets.findLive(tenantId, [source.id], manager));
  }

  /** Absent fields stay as they are. @throws SourceNotFoundError, InvalidSourceError, SecretUnreadableError */
  async update(tenantId: string, name: string, policy: UpdateSourceDto, author?: Author): Promise<SourceDto> {
    const change = sourceColumnsOf(policy);
    // Opened before anything is locked: whoever opens secrets may take its time. What is opened is remembered.
    if (change.config) await this.revealAll(tenantId, name);
    return this.change(tenantId, name, async (source, manager) => {
      this.relaying.check(policy.relay);
      const seen = await this.get(tenantId, name, manager);
      if (change.config) {
        const live = await this.secrets.findLive(tenantId, [source.id], manager);
        const secrets = await Promise.all(live.map((secret) => this.reveal(secret)));
        this.judge(source.provider, secrets, change.config);
      }
      if (Object.keys(change).length > 0) await this.sources.update(manager, source.id, change);
      const now = await this.get(tenantId, name, manager);
      const facts = { before: factsOfSource(seen), after: factsOfSource(now) };
      await this.audit.within(manager, author, { action: 'source.updated', resource: name, ...facts });
      return now;
    });
  }

  /** Deleting is soft: its path answers 404 from then on, what came in stays. @throws SourceNotFoundError */
  async delete(tenantId: string, name: string, author?: Author): Promise<void> {
    await this.change(tenantId, name, async (source, manager) => {
      await this.sources.delete(manager, source.id);
      await this.audit.within(manager, author, { action: 'source.deleted', resource: name });
    });
  }

  /** @throws SourceNotFoundError, InvalidSourceError, TooManySecretsError */
  async addSecret(
    tenantId: string,
    name: string,
    { secret: text, expireOthersAfter }: AddSourceSecretDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<SecretDto> {
    const secret = new Secret(text);
    const graceMs = expireOthersAfter === null ? undefined : parseDuration(expireOthersAfter ?? DEFAULT_GRACE);
    const sealed = await this.sealed.seal({ id: '', tenantId }, secret);
    return this.change(tenantId, name, (source, manager) =>
      this.ledger.within(manager, request, async () => {
        this.judge(source.provider, [secret], source.config);
        const live = await this.secrets.findLive(tenantId, [source.id], manager);
        if (live.length >= MAX_SECRETS) throw new TooManySecretsError(MAX_SECRETS);
        await this.audit.within(manager, author, { action: 'source.secret_added', resource: name });
        return SecretDto.of(await this.secrets.add(manager, { ...sealed, sourceId: source.id }, graceMs));
      }),
    );
  }

  /** Ends a secret now. @throws SourceNotFoundError, SecretNotFoundError, LastSecretError */
  async retireSecret(tenantId: string, name: string, secretId: string, author?: Author): Promise<void> {
    await this.change(tenantId, name, async (source, manager) => {
      await this.secrets.retire(manager, tenantId, source.id, secretId);
      await this.audit.within(manager, author, { action: 'source.secret_retired', resource: name });
    });
  }

  /** Runs `work` on the source while nobody else changes it, and has this process see what it did. */
  private async change<Result>(
    tenantId: string,
    name: string,
    work: (source: Source, manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    const done = isSourceName(name)
      ? await this.sources.locked(tenantId, name, async (source, manager) => ({ result: await work(source, manager) }))
      : undefined;
    if (!done) throw new SourceNotFoundError();
    this.open.forget(tenantId, name);
    return done.result;
  }

  private async revealAll(tenantId: string, name: string): Promise<void> {
    const source = isSourceName(name) ? await this.sources.findByName(tenantId, name) : null;
    if (!source) throw new SourceNotFoundError();
    const live = await this.secrets.findLive(tenantId, [source.id]);
    await Promise.all(live.map((secret) => this.reveal(secret)));
  }

  private async reveal(secret: SourceSecret): Promise<Secret> {
    try {
      return await this.sealed.open(secret);
    } catch (error) {
      if (error instanceof SecretBoxError) throw new SecretUnreadableError(secret.hint);
      throw error;
    }
  }

  private judge(provider: string, secrets: readonly Secret[], config: Readonly<Record<string, unknown>>): void {
    if (!this.providers.knows(provider)) throw new UnknownProviderError();
    const problem = this.providers.problemOf(provider, secrets, config);
    if (problem !== undefined) throw new InvalidSourceError(problem);
  }
}
