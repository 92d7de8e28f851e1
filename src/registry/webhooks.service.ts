// The rules of webhooks: which URLs are taken, when one is disabled, how its secrets come and go. It tells the rest of
// this process what changed, after the change is committed; other processes see the row.
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';
import type { EntityManager } from 'typeorm';
import { EgressPolicy } from '../kernel/egress-policy.js';
import { parseDuration } from '../kernel/duration.js';
import { newId } from '../kernel/ids.js';
import { Secret } from '../kernel/secret.js';
import { newSigningSecret, publicKeyOf, schemeOf } from '../kernel/signatures/signing-secret.js';
import type { SignatureScheme } from '../kernel/signatures/signing-secret.js';
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
import { SealedSecrets } from '../platform/secrets/index.js';
import { factsOfWebhook } from './audit/facts.js';
import type { CreateWebhookDto } from './dto/create-webhook.dto.js';
import { DEFAULT_OVERLAP } from './dto/signing-secret.dto.js';
import type { RotateSecretDto } from './dto/signing-secret.dto.js';
import type { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { CreatedSecretDto, CreatedWebhookDto, SigningSecretDto, WebhookDto } from './dto/webhook.dto.js';
import { Ownership } from './ownership.js';
import { Quotas } from './quotas.js';
import {
  LastSecretError,
  SchemeMismatchError,
  SecretNotFoundError,
  TooManySecretsError,
  UrlRefusedError,
  WebhookNotFoundError,
} from './registry.errors.js';
import { Transformations } from './transformation/transformations.js';
import { dropUnchanged, webhookColumnsOf } from './webhook-columns.js';
import { refuseContradictions, WebhookCredentials } from './webhook-credentials.js';
import type { WebhookSecret } from './webhook-secret.entity.js';
import type { Webhook } from './webhook.entity.js';
import { WebhooksRepository } from './webhooks.repository.js';
import type { NewSecret, WebhookChange } from './webhooks.repository.js';

/** Why a webhook is disabled: by hand, by a 410 of its receiver, by failing for too long. */
export type DisabledReason = 'manual' | 'gone' | 'failing';

/** One change of a webhook, told after it was committed. */
export interface WebhookChanged {
  readonly kind: 'disabled' | 'enabled' | 'deleted' | 'updated';
  readonly tenantId: string;
  readonly webhookId: string;
}

/** Each live secret is one more signature on every request. */
const MAX_LIVE_SECRETS = 10;

@Injectable()
export class WebhooksService implements OnApplicationShutdown {
  readonly #changes = new Subject<WebhookChanged>();

  /** What changed in this process. A hint: another replica's changes are not in it. */
  readonly changes: Observable<WebhookChanged> = this.#changes.asObservable();

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'retentionMs'>,
    private readonly webhooks: WebhooksRepository,
    private readonly egress: EgressPolicy,
    private readonly secrets: SealedSecrets,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
    private readonly transformations: Transformations,
    private readonly ownership: Ownership,
    private readonly credentials: WebhookCredentials,
  ) {}

  /** At the end of a stop, not at its beginning: what is sent until then is recalled by these. */
  onApplicationShutdown(): void {
    this.#changes.complete();
  }

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
    const secret = secretOf(given, signatureScheme);
    await this.transformations.check(tenantId, rest.transformation);
    await this.judge(url);
    const row = await this.seal(tenantId, id, secret);
    const created = await this.webhooks.transaction(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        await this.quotas.makeRoom(manager, tenantId, 'webhooks');
        await this.webhooks.insert(manager, { id, tenantId, url, patterns: fold(events), ...columns }, row);
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
    const secrets = await this.webhooks.findLiveSecrets(
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
    if (disabled) this.#changes.next({ kind: 'disabled', tenantId, webhookId });
    return disabled?.done;
  }

  /** Deleting is soft. @throws WebhookNotFoundError */
  async delete(tenantId: string, id: string, author?: Author): Promise<void> {
    await this.webhooks.transaction(tenantId, async (manager) => {
      if (!(await this.webhooks.delete(manager, tenantId, id))) throw new WebhookNotFoundError();
      await this.audit.within(manager, author, { action: 'webhook.deleted', resource: id });
    });
    this.#changes.next({ kind: 'deleted', tenantId, webhookId: id });
  }

  /**
   * A new secret; the others sign along for as long as asked.
   *
   * @returns a repeat of `request` gets all but the secret itself.
   * @throws WebhookNotFoundError, TooManySecretsError, SchemeMismatchError
   */
  async rotate(
    tenantId: string,
    id: string,
    { secret: given, signatureScheme, expireOthersAfter = DEFAULT_OVERLAP }: RotateSecretDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<CreatedSecretDto | SigningSecretDto> {
    const othersLiveMs = parseDuration(expireOthersAfter) ?? 0;
    if (!(await this.webhooks.find(tenantId, id))) throw new WebhookNotFoundError();
    const [newest] = await this.webhooks.findLiveSecrets(tenantId, [id]);
    const secret = secretOf(given, signatureScheme, newest && SigningSecretDto.of(newest).signatureScheme);
    const row = await this.seal(tenantId, id, secret);
    const done = await this.webhooks.locked(tenantId, id, async (_webhook, manager) => {
      const live = await this.webhooks.findLiveSecrets(tenantId, [id], manager);
      const made = await this.ledger.within(manager, request, async () => {
        // Those that end now make room.
        if (othersLiveMs > 0 && live.length >= MAX_LIVE_SECRETS) throw new TooManySecretsError(MAX_LIVE_SECRETS);
        await this.audit.within(manager, author, { action: 'webhook.secret_rotated', resource: id });
        return SigningSecretDto.of(await this.webhooks.rotate(manager, row, othersLiveMs));
      });
      return made.id === row.id ? CreatedSecretDto.reveal(made, secret) : made;
    });
    if (!done) throw new WebhookNotFoundError();
    this.#changes.next({ kind: 'updated', tenantId, webhookId: id });
    return done;
  }

  /**
   * Ends a secret now. Ending the newest undoes the rotation that made it: the one before it no longer expires, because
   * a webhook must always be able to sign.
   *
   * @throws WebhookNotFoundError, SecretNotFoundError, LastSecretError
   */
  async retire(tenantId: string, id: string, secretId: string, author?: Author): Promise<void> {
    const found = await this.webhooks.locked(tenantId, id, async (_webhook, manager) => {
      const live = await this.webhooks.findLiveSecrets(tenantId, [id], manager);
      if (!live.some((secret) => secret.id === secretId)) throw new SecretNotFoundError();
      const [newest] = live.filter((secret) => secret.id !== secretId);
      if (!newest) throw new LastSecretError();
      await this.webhooks.retire(manager, secretId);
      await this.webhooks.keepForGood(manager, newest.id);
      await this.audit.within(manager, author, { action: 'webhook.secret_retired', resource: id });
      return true;
    });
    if (!found) throw new WebhookNotFoundError();
    this.#changes.next({ kind: 'updated', tenantId, webhookId: id });
  }

  /** @throws WebhookNotFoundError */
  private async read(tenantId: string, id: string, manager?: EntityManager): Promise<WebhookDto> {
    const webhook = await this.webhooks.find(tenantId, id, manager);
    if (!webhook) throw new WebhookNotFoundError();
    return this.viewOf(webhook, await this.webhooks.findLiveSecrets(tenantId, [id], manager));
  }

  private async judge(url: string): Promise<void> {
    const verdict = await judgeUrl(this.egress, url);
    if (!verdict.ok) throw new UrlRefusedError(verdict.error);
    await this.ownership.prove(url);
  }

  private async seal(tenantId: string, webhookId: string, secret: Secret): Promise<NewSecret> {
    const id = newId();
    const ciphertext = await this.secrets.seal(secret.reveal(), id);
    return { id, tenantId, webhookId, ciphertext, hint: secret.hint, publicKey: publicKeyOf(secret) ?? null };
  }

  private async viewOf(webhook: Webhook, secrets: readonly WebhookSecret[]): Promise<WebhookDto> {
    return WebhookDto.of(webhook, secrets, await this.credentials.shownOf(webhook));
  }

  private tell(before: Webhook, { active = before.active, ...change }: WebhookChange): void {
    const { id: webhookId, tenantId } = before;
    if (active !== before.active) this.#changes.next({ kind: active ? 'enabled' : 'disabled', tenantId, webhookId });
    if (Object.keys(change).some((column) => column !== 'disabledReason'))
      this.#changes.next({ kind: 'updated', tenantId, webhookId });
  }
}

/** The secret that was given, else a new one of the scheme asked for. @throws SchemeMismatchError */
function secretOf(given: string | undefined, asked: SignatureScheme | undefined, otherwise?: SignatureScheme): Secret {
  if (given === undefined) return newSigningSecret(asked ?? otherwise);
  const secret = new Secret(given);
  if (asked !== undefined && schemeOf(secret) !== asked) throw new SchemeMismatchError();
  return secret;
}

const fold = (events: readonly string[]): string[] => [...new Set(events)];
