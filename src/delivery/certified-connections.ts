// Connections that present a client certificate: a pool for each webhook's credentials, shared with nobody, so that no request
// ever goes out under the name of another webhook.
import type { buildConnector } from 'undici';
import type { MutualTlsAuthentication } from '../kernel/authentication.js';
import { Connections } from './connections.js';

/** Credentials whose connections are kept; the ones longest unused make room. */
const MAX_KEPT = 1_000;

/** The credentials of a webhook. Whoever changes them has another object. */
export type ClientCertificate = MutualTlsAuthentication;

/** What a connector shows and trusts. */
export interface ClientTls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

export class CertifiedConnections {
  /** In the order of their last use. Keyed by the object itself: equal credentials of two webhooks are two. */
  private readonly kept = new Map<ClientCertificate, Connections>();

  constructor(private readonly connectorOf: (tls: ClientTls) => buildConnector.connector) {}

  of(certificate: ClientCertificate): Connections {
    const connections = this.kept.get(certificate) ?? this.open(certificate);
    this.kept.delete(certificate);
    this.kept.set(certificate, connections);
    for (const [oldest, unused] of this.kept) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
      unused.retire();
    }
    return connections;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.kept.values()].map((connections) => connections.destroy()));
  }

  private open({ certificate: cert, privateKey: key, ca }: ClientCertificate): Connections {
    return new Connections(this.connectorOf({ cert, key, ca }));
  }
}
