// Connections whose TLS is a webhook's own, by a client certificate or by whom it trusts: a pool for each webhook's credentials,
// shared with nobody, so that no request ever goes out under the name of another webhook, or to whom another trusts.
import type { EgressConnector } from '../../platform/egress/index.js';
import { Connections, MAX_FREE } from './connections.js';
import type { EndpointTls } from './transport.js';

/** Credentials whose connections are kept; the ones longest unused make room. */
const MAX_KEPT = 1_000;

/** What a connector shows and trusts. */
export interface ClientTls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

export class CertifiedConnections {
  /** In the order of their last use. Keyed by the object itself: equal credentials of two webhooks are two. */
  private readonly kept = new Map<EndpointTls, Connections>();

  constructor(
    private readonly connectorOf: (tls: ClientTls) => EgressConnector,
    private readonly maxFree = MAX_FREE,
  ) {}

  of(tls: EndpointTls): Connections {
    const connections = this.kept.get(tls) ?? this.open(tls);
    this.kept.delete(tls);
    this.kept.set(tls, connections);
    for (const [oldest, unused] of this.kept) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
      unused.retire();
    }
    this.trim();
    return connections;
  }

  /** Free connections of all pools together are as many as one pool may have; those of the pool longest unused go first. */
  private trim(): void {
    let free = 0;
    for (const { freeCount } of this.kept.values()) free += freeCount;
    for (const connections of this.kept.values()) {
      if (free <= this.maxFree) return;
      const before = connections.freeCount;
      connections.trim(free - this.maxFree);
      free -= before - connections.freeCount;
    }
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.kept.values()].map((connections) => connections.destroy()));
  }

  private open({ certificate, privateKey, ca }: EndpointTls): Connections {
    return new Connections(this.connectorOf({ ca, cert: certificate, key: privateKey }));
  }
}
