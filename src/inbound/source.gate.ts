// Decides, before a byte of a webhook is read, whether there is such a source and how much it may send; then has the
// body read as it came. Made while the application is created: later the host's body parsers would be first.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Clock } from '../kernel/clock.js';
import { NotFoundError } from '../kernel/errors.js';
import { refusalOf } from '../platform/http/index.js';
import type { HttpRequest } from '../platform/http/index.js';
import { RawBodies } from '../platform/http/raw-body.js';
import type { Admission, RawBody } from '../platform/http/raw-body.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { DEFAULT_TENANT, OpenSources } from '../registry/index.js';
import type { OpenSource } from '../registry/index.js';
import { PROCESSING_FAILED } from './answers.js';
import { DEFAULT_MAX_BODY_BYTES, READ_DEADLINE_MS, UNVERIFIED_BYTES } from './policy.js';
import type { Provider } from './providers/provider.js';
import { Providers } from './providers/providers.js';
import { Rejections } from './rejections/rejections.js';
import { SourceLimits } from './source-limits.js';

/** Route parameters that no host would use: they mark our routes under any prefix. */
export const SOURCE_PARAMETER = 'posthornSource';
export const TENANT_PARAMETER = 'posthornTenant';

/** A request for a source that exists. */
interface Addressed {
  readonly source: OpenSource;
  readonly provider: Provider;
  /** When the request came, before its body did: slow uploads must not make a signature stale. */
  readonly arrivedAtMs: number;
}

@Injectable()
export class SourceGate {
  private readonly logger = new Logger('SourceGate');
  private readonly bodies: RawBodies<Addressed>;

  constructor(
    host: HttpAdapterHost,
    private readonly sources: OpenSources,
    private readonly providers: Providers,
    private readonly limits: SourceLimits,
    private readonly rejections: Rejections,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {
    this.bodies = new RawBodies(host, {
      parameter: SOURCE_PARAMETER,
      budgetBytes: UNVERIFIED_BYTES,
      admit: (parameters, request) => this.admit(parameters, request),
      refused: ({ source }, why, request) => this.rejections.count(source, why, request),
    });
  }

  /** The body of a request that was let through. */
  bodyOf(request: object): RawBody<Addressed> | undefined {
    return this.bodies.of(request);
  }

  /**
   * The source that a path names, and how it verifies, if this request may ask it anything.
   *
   * @throws NotFoundError when there is no such source, and whatever `SourceLimits.check` throws.
   */
  async enter(
    parameters: Readonly<Record<string, string>>,
    request: HttpRequest,
  ): Promise<Omit<Addressed, 'arrivedAtMs'>> {
    const tenant = parameters[TENANT_PARAMETER] ?? DEFAULT_TENANT;
    const source = await this.sources.find(tenant, parameters[SOURCE_PARAMETER] ?? '');
    if (!source) throw new NotFoundError('source');
    const provider = this.providers.find(source.provider);
    if (!provider) throw new Error(`Source ${source.name} names the provider ${source.provider}, which is not here.`);
    await this.limits.check(source, request);
    return { source, provider };
  }

  private async admit(
    parameters: Readonly<Record<string, string>>,
    request: HttpRequest,
  ): Promise<Admission<Addressed>> {
    const arrivedAtMs = this.clock();
    try {
      const { source, provider } = await this.enter(parameters, request);
      const limitBytes = source.maxBodyBytes ?? provider.defaultMaxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
      const deadlineMs = source.readTimeoutMs ?? READ_DEADLINE_MS;
      return { admitted: true, limitBytes, deadlineMs, context: { source, provider, arrivedAtMs } };
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal.unexpected) return { admitted: false, refusal };
      this.logger.error('A webhook could not be let through.', error instanceof Error ? error.stack : String(error));
      return { admitted: false, refusal: { status: refusal.status, error: PROCESSING_FAILED } };
    }
  }
}
