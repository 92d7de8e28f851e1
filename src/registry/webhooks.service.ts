// The rules of webhooks: which URLs are taken, what a change may say, when one is disabled. What changed is told once it is
// committed.
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { EgressPolicy } from '../kernel/egress-policy.js';
import { newId } from '../kernel/ids.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { executorOf } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { judgeUrl } from '../platform/egress/index.js';
import { cursorId, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { factsOfWebhook } from './audit/facts.js';
import type { CreateWebhookDto } from './dto/create-webhook.dto.js';
import type { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { CreatedWebhookDto, WebhookDto } from './dto/webhook.dto.js';
import { Ownership } from './ownership.js';
import { Quotas } from './quotas.js';
import { UrlRefusedError, WebhookNotFoundError } from './registry.errors.js';
import { WebhookSecretsRepository } from './secrets.repository.js';
import { Transformations } from './transformation/transformations.js';
import { WebhookChanges } from './webhook-changes.js';
import { dropUnchanged, webhookColumnsOf } from './webhook-columns.js';
import { refuseContradictions, WebhookCredentials } from './webhook-credentials.js';
import type { WebhookSecret } from './webhook-secret.entity.js';
import { signingSecretOf, WebhookSecrets } from './webhook-secrets.js';
import type { Webhook } from './webhook.entity.js';
import { WebhooksRepository } from './webhooks.repository.js';
import type { WebhookChange } from './webhooks.repository.js';

/** Why a webhook is disabled: by hand, by a 410 of its receiver, by failing for too long. */
export type DisabledReason = 'manual' | 'gone' | 'failing';

@Injectable()
export class WebhooksService {
  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'retentionMs'>,
    private readonly webhooks: WebhooksRepository,
    private readonly egress: EgressPolicy,
    private readonly secrets: WebhookSecretsRepository,
    private readonly sealed: WebhookSecrets,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
    private readonly transformations: Transformations,
    private readonly ownership: Ownership,
    private readonly credentials: WebhookCredentials,
    private readonly changes: WebhookChanges,
  ) {}

  /**
   * @returns a repeat of `request` gets the webhook without its secret.
   * @throws InvalidAuthenticationError, InvalidHeadersError, InvalidTransformationError, OwnershipUnprovenError, QuotaExceededError,
   * SchemeMismatchError, ScheduleTooLongError, UrlRefusedError
   */
  async create(
    tenantId: string,
    { url, events, headers, authentication, secret: given, signatureScheme, ...rest }: CreateWebhookDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<CreatedWebhookDto | WebhookDto> {
    const id = newId();
    const columns = {
      ...webhookColumnsOf(rest, this.settings.retentionMs),
      ...(await this.credentials.seal(id, { headers, authentication })),
    };
    const secret = signingSecretOf(given, signatureScheme);
    await this.transformations.check(tenantId, rest.transformation);
    await this.judge(url);
    const row = await this.sealed.seal({ id, tenantId }, secret);
    const created = await this.webhooks.transaction(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        await this.quotas.makeRoom(manager, tenantId, 'webhooks');
        await this.webhooks.insert(manager, { id, tenantId, url, patterns: fold(events), ...columns });
        await this.secrets.insert(manager, [row]);
        const made = await this.read(tenantId, id, manager);
        refuseContradictions(made);
        await this.audit.within(manager, author, {
          action: 'webhook.created',
          resource: id,
          after: factsOfWebhook(made),
        });
        return made;
      }),
    );
    return created.id === id ? CreatedWebhookDto.reveal(created, secret) : created;
  }

  async list(tenantId: string, { limit, cursor }: PageQuery): Promise<Page<WebhookDto>> {
    const rows = await this.webhooks.findPage(tenantId, limit + 1, cursorId(cursor));
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    const secrets = await this.secrets.findLive(
      tenantId,
      data.map(({ id }) => id),
    );
    const secretsOf = (id: string) => secrets.filter(({ webhookId }) => webhookId === id);
    const views = data.map((webhook) => this.viewOf(webhook, secretsOf(webhook.id)));
    return { data: await Promise.all(views), nextCursor };
  }

  /** @throws WebhookNotFoundError */
  async get(tenantId: string, id: string): Promise<WebhookDto> {
    return this.read(tenantId, id);
  }

  /** Absent fields stay as they are. @throws WebhookNotFoundError, InvalidAuthenticationError, InvalidHeadersError, InvalidTransformationError, ScheduleTooLongError, UrlRefusedError */
  async update(
    tenantId: string,
    id: string,
    { url, events, headers, authentication, ...rest }: UpdateWebhookDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<WebhookDto> {
    // Before judging the URL: a foreign id must not make us resolve names, nor answer in another time.
    const found = await this.webhooks.find(tenantId, id);
    if (!found) throw new WebhookNotFoundError();
    // Before anything is locked: whoever seals and opens may take its time. What is opened is remembered.
    await this.credentials.shownOf(found);
    const sealed = await this.credentials.seal(id, { headers, authentication });
    await this.transformations.check(tenantId, rest.transformation);
    if (url !== undefined) await this.judge(url);
    const change: WebhookChange = {
      ...webhookColumnsOf(rest, this.settings.retentionMs),
      ...sealed,
      ...(url !== undefined && { url }),
      ...(events !== undefined && { patterns: fold(events) }),
    };
    const done = await this.webhooks.locked(tenantId, id, async (before, manager) => {
      const answer = await this.ledger.within(manager, request, async () => {
        const seen = await this.read(tenantId, id, manager);
        dropUnchanged(change, before);
        if (Object.keys(change).length > 0) await this.webhooks.update(manager, id, change);
        const now = await this.read(tenantId, id, manager);
        refuseContradictions(now);
        const facts = { before: factsOfWebhook(seen), after: factsOfWebhook(now) };
        await this.audit.within(manager, author, { action: 'webhook.updated', resource: id, ...facts });
        return now;
      });
      return { before, answer };
    });
    if (!done) throw new WebhookNotFoundError();
    this.tell(done.before, change);
    return done.answer;
  }

  /**
   * Disables a webhook, and does `also` in the same transaction: both commit, or neither.
   *
   * @returns what `also` gives, to the call that changed the webhook; `undefined` to every other, whose `also` is not done.
   */
  async disable<Done>(
    tenantId: string,
    webhookId: string,
    reason: DisabledReason,
    also: (executor: SqlExecutor) => Promise<Done>,
  ): Promise<Done | undefined> {
    const disabled = await this.webhooks.transaction(tenantId, async (manager) =>
      (await this.webhooks.disable(manager, tenantId, webhookId, reason))
        ? { done: await also(await executorOf(manager)) }
        : undefined,
    );
    if (disabled) this.changes.tell({ kind: 'disabled', tenantId, webhookId });
    return disabled?.done;
  }

  /** Deleting is soft. @throws WebhookNotFoundError */
  async delete(tenantId: string, id: string, author?: Author): Promise<void> {
    await this.webhooks.transaction(tenantId, async (manager) => {
      if (!(await this.webhooks.delete(manager, tenantId, id))) throw new WebhookNotFoundError();
      await this.audit.within(manager, author, { action: 'webhook.deleted', resource: id });
    });
    this.changes.tell({ kind: 'deleted', tenantId, webhookId: id });
  }

  /** @throws WebhookNotFoundError */
  private async read(tenantId: string, id: string, manager?: EntityManager): Promise<WebhookDto> {
    const webhook = await this.webhooks.find(tenantId, id, manager);
    if (!webhook) throw new WebhookNotFoundError();
    return this.viewOf(webhook, await this.secrets.findLive(tenantId, [id], manager));
  }

  private async judge(url: string): Promise<void> {
    const verdict = await judgeUrl(this.egress, url);
    if (!verdict.ok) throw new UrlRefusedError(verdict.error);
    await this.ownership.prove(url);
  }

  private async viewOf(webhook: Webhook, secrets: readonly WebhookSecret[]): Promise<WebhookDto> {
    return WebhookDto.of(webhook, secrets, await this.credentials.shownOf(webhook));
  }

  private tell(before: Webhook, { active = before.active, ...change }: WebhookChange): void {
    const { id: webhookId, tenantId } = before;
    if (active !== before.active) this.changes.tell({ kind: active ? 'enabled' : 'disabled', tenantId, webhookId });
    if (Object.keys(change).some((column) => column !== 'disabledReason'))
      this.changes.tell({ kind: 'updated', tenantId, webhookId });
  }
}

const fold = (events: readonly string[]): string[] => [...new Set(events)];
