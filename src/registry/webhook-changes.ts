// Tells the rest of this process what it changed about webhooks. No more than a hint: what other processes change is not told.
import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Subject } from 'rxjs';

/** One change of a webhook. */
export interface WebhookChanged {
  readonly kind: 'disabled' | 'enabled' | 'deleted' | 'updated';
  readonly tenantId: string;
  readonly webhookId: string;
}

@Injectable()
export class WebhookChanges implements OnApplicationShutdown {
  readonly #changes = new Subject<WebhookChanged>();
  /** Tenants that were deleted, and all their webhooks with them. */
  readonly #tenantsDeleted = new Subject<string>();

  /** At the end of a stop, not at its beginning: what is sent until then is recalled by these. */
  onApplicationShutdown(): void {
    this.#changes.complete();
    this.#tenantsDeleted.complete();
  }

  /** To be called once the change is committed. */
  tell(change: WebhookChanged): void {
    this.#changes.next(change);
  }

  listen(listener: (change: WebhookChanged) => void): void {
    this.#changes.subscribe(listener);
  }

  /** To be called once it is committed. */
  tellTenantDeleted(tenantId: string): void {
    this.#tenantsDeleted.next(tenantId);
  }

  listenTenantDeleted(listener: (tenantId: string) => void): void {
    this.#tenantsDeleted.subscribe(listener);
  }
}
