// How the secrets of webhooks come and go, without a request that its receiver cannot verify.
import { Injectable } from '@nestjs/common';
import { parseDuration } from '../kernel/duration.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { CreatedSecretDto, SigningSecretDto } from './dto/secret.dto.js';
import { DEFAULT_OVERLAP } from './dto/signing-secret.dto.js';
import type { RotateSecretDto } from './dto/signing-secret.dto.js';
import { TooManySecretsError, WebhookNotFoundError } from './registry.errors.js';
import { WebhookSecretsRepository } from './secrets.repository.js';
import { WebhookChanges } from './webhook-changes.js';
import { signingSecretOf, WebhookSecrets } from './webhook-secrets.js';
import { WebhooksRepository } from './webhooks.repository.js';

/** Each live secret is one more signature on every request. */
const MAX_LIVE_SECRETS = 10;

@Injectable()
export class WebhookSecretsService {
  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly secrets: WebhookSecretsRepository,
    private readonly sealed: WebhookSecrets,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
    private readonly changes: WebhookChanges,
  ) {}

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
    const [newest] = await this.secrets.findLive(tenantId, [id]);
    const secret = signingSecretOf(given, signatureScheme, newest && SigningSecretDto.of(newest).signatureScheme);
    const row = await this.sealed.seal({ id, tenantId }, secret);
    const done = await this.webhooks.locked(tenantId, id, async (_webhook, manager) => {
      const live = await this.secrets.findLive(tenantId, [id], manager);
      const made = await this.ledger.within(manager, request, async () => {
        // Those that end now make room.
        if (othersLiveMs > 0 && live.length >= MAX_LIVE_SECRETS) throw new TooManySecretsError(MAX_LIVE_SECRETS);
        await this.audit.within(manager, author, { action: 'webhook.secret_rotated', resource: id });
        return SigningSecretDto.of(await this.secrets.add(manager, row, othersLiveMs));
      });
      return made.id === row.id ? CreatedSecretDto.reveal(made, secret) : made;
    });
    if (!done) throw new WebhookNotFoundError();
    this.changes.tell({ kind: 'updated', tenantId, webhookId: id });
    return done;
  }

  /**
   * Ends a secret now. Ending the newest undoes the rotation that made it: the one before it no longer expires.
   *
   * @throws WebhookNotFoundError, SecretNotFoundError, LastSecretError
   */
  async retire(tenantId: string, id: string, secretId: string, author?: Author): Promise<void> {
    const found = await this.webhooks.locked(tenantId, id, async (_webhook, manager) => {
      await this.secrets.retire(manager, tenantId, id, secretId);
      await this.audit.within(manager, author, { action: 'webhook.secret_retired', resource: id });
      return true;
    });
    if (!found) throw new WebhookNotFoundError();
    this.changes.tell({ kind: 'updated', tenantId, webhookId: id });
  }
}
