// Who may read the metrics: the administrator, or everybody where METRICS_PUBLIC says so. Where they are off, there is no
// such route.
import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { NotFoundError } from '../kernel/errors.js';
import { ApiGuard } from '../platform/access/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';

@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(
    private readonly api: ApiGuard,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.settings.metrics) throw new NotFoundError('route');
    return this.settings.metricsPublic || this.api.canActivate(context);
  }
}
