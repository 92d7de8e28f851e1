// Sources as receiving needs them: by path, with open secrets, and without asking the database for every request.
import { Injectable } from '@nestjs/common';
import type { Secret } from '../kernel/secret.js';
import { BriefCache } from './brief-cache.js';
import type { RateLimit } from './dto/pace-fields.js';
import { SourceSecretsRepository } from './secrets.repository.js';
import { isSourceName } from './source-name.js';
import { SourceSecrets } from './source-secrets.js';
import type { Processing, Source, SourceAnswer } from './source.entity.js';
import { SourcesRepository } from './sources.repository.js';
import { isTenantId } from './tenant-id.js';

/** A source that is ready to verify with. */
export interface OpenSource {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly provider: string;
  /** Settings of the provider. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly processing: Processing;
  /** Whether what comes in is dispatched again as an event of ours. */
  readonly relay: boolean;
  readonly toleranceSeconds?: number;
  readonly maxBodyBytes?: number;
  /** How long a body may take to arrive. */
  readonly readTimeoutMs?: number;
  /** How long a repeated event is recognised, where the source says so itself. */
  readonly idempotencyWindowSeconds?: number;
  /** Whether its silence is told. */
  readonly isWatched: boolean;
  readonly rateLimit?: Readonly<RateLimit>;
  /** Networks (CIDR) that requests may come from; any where there are none. */
  readonly allowedIps?: readonly string[];
  /** Answered in the place of our own answer when all is well. */
  readonly answer?: Readonly<SourceAnswer>;
  /** The live ones, newest first. */
  readonly secrets: readonly Secret[];
}

const keyOf = (tenantId: string, name: string): string => `${tenantId}/${name}`;

@Injectable()
export class OpenSources {
  readonly #open = new BriefCache<OpenSource>();

  constructor(
    private readonly sources: SourcesRepository,
    private readonly secrets: SourceSecretsRepository,
    private readonly sealed: SourceSecrets,
  ) {}

  /** The source of this name with its live secrets, at most a second old; `undefined` where there is none. */
  async find(tenantId: string, name: string): Promise<OpenSource | undefined> {
    if (!isTenantId(tenantId) || !isSourceName(name)) return undefined;
    return this.#open.get(keyOf(tenantId, name), async () => {
      const source = await this.sources.findByName(tenantId, name);
      return source ? this.open(source) : undefined;
    });
  }

  /** Has this process see a change at once; the others see it within a second. */
  forget(tenantId: string, name: string): void {
    this.#open.forget(keyOf(tenantId, name));
  }

  private async open(source: Source): Promise<OpenSource> {
    const { id, tenantId, name, provider, config, processing, relay, rateLimitMax, rateLimitSeconds } = source;
    const secrets = await this.secrets.findLive(tenantId, [id]);
    return {
      id,
      tenantId,
      name,
      provider,
      config,
      processing,
      relay,
      toleranceSeconds: source.toleranceSeconds ?? undefined,
      maxBodyBytes: source.maxBodyBytes ?? undefined,
      readTimeoutMs: source.readTimeoutMs ?? undefined,
      idempotencyWindowSeconds: source.idempotencyWindowSeconds ?? undefined,
      isWatched: source.silentAfterSeconds !== null,
      rateLimit:
        rateLimitMax !== null && rateLimitSeconds !== null
          ? { max: rateLimitMax, perSeconds: rateLimitSeconds }
          : undefined,
      allowedIps: source.allowedIps ?? undefined,
      answer: source.answer ?? undefined,
      secrets: await Promise.all(secrets.map((secret) => this.sealed.open(secret))),
    };
  }
}
