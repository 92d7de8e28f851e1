// The sources that the environment names: made, and kept in step with it, at each start.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { newId } from '../kernel/ids.js';
import { SecretBoxError } from '../kernel/secret-box.js';
import type { Secret } from '../kernel/secret.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { SourceSecrets } from './source-secrets.js';
import type { SourceSecret } from './source-secret.entity.js';
import { SourcesRepository } from './sources.repository.js';
import { DEFAULT_TENANT } from './tenant-id.js';

@Injectable()
export class EnvironmentSources implements OnModuleInit {
  private readonly logger = new Logger('EnvironmentSources');

  constructor(
    private readonly sources: SourcesRepository,
    private readonly secrets: SourceSecrets,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    const { stripeWebhookSecret, githubWebhookSecret } = this.settings;
    if (stripeWebhookSecret?.length) await this.keepInStep('stripe', stripeWebhookSecret);
    if (githubWebhookSecret?.length) await this.keepInStep('github', githubWebhookSecret);
  }

  /** The source of a provider's own name in the default tenant, with exactly these secrets. */
  private keepInStep(provider: string, wanted: readonly Secret[]): Promise<void> {
    const source = { id: newId(), tenantId: DEFAULT_TENANT, name: provider, provider };
    return this.sources.ensured(source, async (row, manager) => {
      const stored = await this.sources.findLiveSecrets(row.tenantId, [row.id], manager);
      if (this.sameSecrets(stored, wanted)) return;
      await this.sources.replaceSecrets(manager, row.id, this.secrets.sealAll(row, wanted));
    });
  }

  private sameSecrets(stored: readonly SourceSecret[], wanted: readonly Secret[]): boolean {
    if (stored.length !== wanted.length) return false;
    try {
      return stored.every((secret, index) => this.secrets.open(secret).reveal() === wanted[index]?.reveal());
    } catch (error) {
      if (!(error instanceof SecretBoxError)) throw error;
      this.logger.warn('A stored secret of a source could not be opened; the one of the environment replaces it.');
      return false;
    }
  }
}
