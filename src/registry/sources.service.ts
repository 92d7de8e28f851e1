// The senders we receive from. Those that the environment names are made and kept in step at each start.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { newId } from '../kernel/ids.js';
import { SecretBox, SecretBoxError } from '../kernel/secret-box.js';
import { Secret } from '../kernel/secret.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { BriefCache } from './brief-cache.js';
import type { SourceSecret } from './source-secret.entity.js';
import type { Processing } from './source.entity.js';
import { SourcesRepository } from './sources.repository.js';
import { DEFAULT_TENANT, isTenantId } from './tenant-id.js';

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
  /** The live ones, newest first. */
  readonly secrets: readonly Secret[];
}

const SOURCE_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

@Injectable()
export class SourcesService implements OnModuleInit {
  readonly #open = new BriefCache<OpenSource>();
  private readonly logger = new Logger('PosthornSources');

  constructor(
    private readonly sources: SourcesRepository,
    private readonly box: SecretBox,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    const { stripeWebhookSecret, githubWebhookSecret } = this.settings;
    if (stripeWebhookSecret?.length) await this.keepInStep('stripe', stripeWebhookSecret);
    if (githubWebhookSecret?.length) await this.keepInStep('github', githubWebhookSecret);
  }

  /** The source of this name with its live secrets, at most a second old; `undefined` where there is none. */
  async findOpen(tenantId: string, name: string): Promise<OpenSource | undefined> {
    if (!isTenantId(tenantId) || !SOURCE_NAME.test(name)) return undefined;
    return this.#open.get(`${tenantId}/${name}`, async () => {
      const source = await this.sources.findByName(tenantId, name);
      if (!source) return undefined;
      const secrets = await this.sources.findLiveSecrets(source);
      const { id, provider, config, processing, relay, toleranceSeconds, maxBodyBytes } = source;
      return {
        id,
        tenantId,
        name,
        provider,
        config,
        processing,
        relay,
        toleranceSeconds: toleranceSeconds ?? undefined,
        maxBodyBytes: maxBodyBytes ?? undefined,
        secrets: secrets.map((secret) => this.open(secret)),
      };
    });
  }

  /** The source of a provider's own name in the default tenant, with exactly these secrets. */
  private keepInStep(provider: string, secrets: readonly Secret[]): Promise<void> {
    const source = { id: newId(), tenantId: DEFAULT_TENANT, name: provider, provider };
    return this.sources.ensured(source, async ({ id: sourceId, tenantId }, manager) => {
      const stored = await this.sources.findLiveSecrets({ id: sourceId, tenantId }, manager);
      // Stored newest first; the environment lists the one in use first, so it is made last.
      const wanted = secrets.toReversed();
      if (this.sameSecrets(stored.toReversed(), wanted)) return;
      await this.sources.replaceSecrets(
        manager,
        sourceId,
        wanted.map((secret) => {
          const id = newId();
          return { id, tenantId, sourceId, ciphertext: this.box.seal(secret.reveal(), id), hint: secret.hint };
        }),
      );
    });
  }

  private sameSecrets(stored: readonly SourceSecret[], wanted: readonly Secret[]): boolean {
    if (stored.length !== wanted.length) return false;
    try {
      return stored.every((secret, index) => this.open(secret).reveal() === wanted[index]?.reveal());
    } catch (error) {
      if (!(error instanceof SecretBoxError)) throw error;
      this.logger.warn('A stored secret of a source could not be opened; the one of the environment replaces it.');
      return false;
    }
  }

  private open({ id, ciphertext }: SourceSecret): Secret {
    return new Secret(this.box.open(ciphertext, id));
  }
}
