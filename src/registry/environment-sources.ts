// The sources that the settings name, by a secret or in full: made, and kept in step with them, at each start.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { PosthornError } from '../kernel/errors.js';
import { newId } from '../kernel/ids.js';
import { SecretBoxError } from '../kernel/secret-box.js';
import { Secret } from '../kernel/secret.js';
import { SETTINGS_TOKEN, SettingsError } from '../platform/config/index.js';
import type { DeclaredSource, Settings } from '../platform/config/index.js';
import { ApiValidationPipe } from '../platform/http/index.js';
import { CreateSourceDto } from './dto/create-source.dto.js';
import { sourceColumnsOf } from './dto/source-policy.dto.js';
import { InvalidSourceError, UnknownProviderError } from './registry.errors.js';
import { Relaying } from './relaying.js';
import { SourceSecretsRepository } from './secrets.repository.js';
import { SourceProviders } from './source-providers.js';
import { SourceSecrets } from './source-secrets.js';
import type { SourceSecret } from './source-secret.entity.js';
import { SourcesRepository } from './sources.repository.js';
import type { SourceChange } from './sources.repository.js';
import { DEFAULT_TENANT } from './tenant-id.js';

/** What a source has that its declaration does not mention. */
const DEFAULTS: Required<SourceChange> = {
  config: {},
  processing: 'inline',
  relay: false,
  toleranceSeconds: null,
  maxBodyBytes: null,
  readTimeoutMs: null,
  idempotencyWindowSeconds: null,
  silentAfterSeconds: null,
  silentAfterGaps: null,
  rateLimitMax: null,
  rateLimitSeconds: null,
  allowedIps: null,
  answer: null,
};

/** A source as it shall be; without columns, what it has but its secrets is the business of the API. */
interface Wanted {
  readonly name: string;
  readonly provider: string;
  readonly secrets: readonly Secret[];
  readonly columns?: SourceChange;
}

@Injectable()
export class EnvironmentSources implements OnModuleInit {
  private readonly logger = new Logger('EnvironmentSources');

  constructor(
    private readonly sources: SourcesRepository,
    private readonly secrets: SourceSecretsRepository,
    private readonly sealed: SourceSecrets,
    private readonly providers: SourceProviders,
    private readonly relaying: Relaying,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  /** @throws SettingsError when a source is not one that the API would take, or is named twice. */
  async onModuleInit(): Promise<void> {
    const wanted = [...this.named(), ...(await Promise.all((this.settings.sources ?? []).map((s) => this.read(s))))];
    const twice = wanted.find(({ name }, at) => wanted.findIndex((other) => other.name === name) !== at);
    if (twice) throw new SettingsError(`The source ${twice.name} is named twice.`);
    for (const source of wanted) await this.keepInStep(source);
  }

  private named(): Wanted[] {
    const { stripeWebhookSecret = [], githubWebhookSecret = [] } = this.settings;
    return [
      { name: 'stripe', provider: 'stripe', secrets: stripeWebhookSecret },
      { name: 'github', provider: 'github', secrets: githubWebhookSecret },
    ].filter(({ secrets }) => secrets.length > 0);
  }

  /** Judges a declaration by the very rules of the API. */
  private async read(declared: DeclaredSource): Promise<Wanted> {
    const body = { ...declared, secrets: declared.secrets.map((secret) => secret.reveal()) };
    try {
      const source = await new ApiValidationPipe().transform(body, { type: 'body', metatype: CreateSourceDto });
      const { name, provider, secrets: texts, ...policy } = source as CreateSourceDto;
      if (!this.providers.knows(provider)) throw new UnknownProviderError();
      const secrets = texts.map((text) => new Secret(text));
      const problem = this.providers.problemOf(provider, secrets, policy.config ?? {});
      if (problem !== undefined) throw new InvalidSourceError(problem);
      this.relaying.check(policy.relay);
      return { name, provider, secrets, columns: { ...DEFAULTS, ...sourceColumnsOf(policy) } };
    } catch (error) {
      if (!(error instanceof PosthornError)) throw error;
      const problems = error.details ?? [error.message];
      throw new SettingsError(`The source ${JSON.stringify(declared.name)} is refused: ${problems.join('; ')}.`);
    }
  }

  private keepInStep({ name, provider, secrets: wanted, columns }: Wanted): Promise<void> {
    const source = { id: newId(), tenantId: DEFAULT_TENANT, name, provider };
    return this.sources.ensured(source, async (row, manager) => {
      if (columns) await this.sources.update(manager, row.id, { ...columns, provider });
      const stored = await this.secrets.findLive(row.tenantId, [row.id], manager);
      // The row is held while secrets are opened and sealed: at a start, by replicas that would do the same.
      if (await this.sameSecrets(stored, wanted)) return;
      await this.secrets.replaceAll(manager, row.id, await this.sealed.sealAll(row, wanted));
      // Its secrets are a part of it: it was changed now.
      await this.sources.update(manager, row.id, {});
    });
  }

  private async sameSecrets(stored: readonly SourceSecret[], wanted: readonly Secret[]): Promise<boolean> {
    if (stored.length !== wanted.length) return false;
    try {
      const open = await Promise.all(stored.map((secret) => this.sealed.open(secret)));
      return open.every((secret, index) => secret.reveal() === wanted[index]?.reveal());
    } catch (error) {
      if (!(error instanceof SecretBoxError)) throw error;
      this.logger.warn('A stored secret of a source could not be opened; the one of the environment replaces it.');
      return false;
    }
  }
}
