// The seam where a team carries requests its own way: through a mesh, a gateway, a queue. The injection token is the class
// itself; ours is `HttpTransport`.
import type { AttemptTiming } from './attempt-timing.js';
import type { AttemptOutcome } from '../delivery-status.js';

/** A request, complete: what is left is to carry it. */
export interface TransportRequest {
  readonly tenantId: string;
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly url: string;
  /** Names and values, one after the other; signatures and authentication among them. */
  readonly headers: readonly string[];
  /** The very bytes that were signed. */
  readonly body: Buffer;
  /** What is left of the deadline, over connecting, headers and body, in whole milliseconds. */
  readonly timeoutMs: number;
  /** TLS of the webhook's own, in PEM; the same object for as long as it is the same. */
  readonly tls?: EndpointTls;
}

/** What a webhook's receiver is shown, and by whom it is judged, in the place of the public authorities. */
export interface EndpointTls {
  /** The client certificate that it is shown, in PEM. */
  readonly certificate?: string;
  /** The key of that certificate, in PEM. */
  readonly privateKey?: string;
  /** The authorities that it is judged by, in PEM. */
  readonly ca?: string;
}

/** What a request came to. */
export interface TransportResult {
  /** Decides what becomes of the delivery, together with the status. */
  readonly outcome: AttemptOutcome;
  /** From the call to the end of the answer, in milliseconds. */
  readonly durationMs: number;
  /** Absent where no status line came. */
  readonly httpStatus?: number;
  /** A code for the log that the tenant reads, never text that may name an internal address. */
  readonly error?: string;
  /** False only where surely no byte of the request was sent: then even `at-most-once` tries again. */
  readonly sent: boolean;
  /** Of the answer, names in lower case. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** At most 4 KiB of it is kept. */
  readonly body?: Buffer;
  /** Where the time went, for the log; kept where its phases last no longer than the whole. */
  readonly timing?: AttemptTiming;
}

/**
 * Carries the requests of deliveries. The default is {@link HttpTransport}, which obeys the egress policy and
 * `EGRESS_PROXY`; one of your own that goes elsewhere answers for where it goes.
 *
 * @example
 * class MeshTransport extends Transport {
 *   constructor(private readonly http: HttpTransport, private readonly mesh: Mesh) { super(); }
 *
 *   post(request: TransportRequest): Promise<TransportResult> {
 *     return request.url.startsWith('https://mesh.') ? this.mesh.send(request) : this.http.post(request);
 *   }
 * }
 */
export abstract class Transport {
  /**
   * Carries one request and tells what came of it. Follows no redirect and repeats nothing: both are the delivery's to decide.
   *
   * What it rejects with counts as `connection_error`, and so does what is no result; what has not answered by the deadline, as
   * `timeout`.
   */
  abstract post(request: TransportRequest): Promise<TransportResult>;
}
