// The seam where a team signs requests its own way: a header that its customers verify already, or a key that never leaves
// a hardware module. The injection token is the class itself.
import type { Secret } from '../../kernel/secret.js';
import { plainSignature, signingKey, standardSignature } from '../../kernel/signatures/outgoing.js';
import type { SigningKey } from '../../kernel/signatures/outgoing.js';

/** A request as it is to be signed. */
export interface UnsignedRequest {
  readonly tenantId: string;
  readonly webhookId: string;
  readonly url: string;
  /** The `webhook-id` header. */
  readonly eventId: string;
  /** Its type. */
  readonly event: string;
  /** The `X-Webhook-Delivery` header. */
  readonly deliveryId: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** The `webhook-timestamp` header: when this attempt was made. */
  readonly timestampSeconds: number;
  /** The very bytes that are sent. */
  readonly body: Buffer;
}

/** Headers by name. In the log their values are masked. */
export type SignatureHeaders = Readonly<Record<string, string>>;

/**
 * Signs every request that is sent. The default is {@link StandardSigner}: extend it, or ask one of your own, to add to what
 * receivers get; or answer other headers in the place of its.
 *
 * @example
 * class AcmeSigner extends StandardSigner {
 *   override sign(request: UnsignedRequest, secrets: readonly Secret[]): SignatureHeaders {
 *     const [newest] = secrets;
 *     const signature = createHmac('sha256', newest.reveal()).update(request.body).digest('hex');
 *     return { ...super.sign(request, secrets), 'X-Acme-Signature': signature };
 *   }
 * }
 */
export abstract class RequestSigner {
  /**
   * The headers that prove a request to be ours, at least one. A name that the request has already (`webhook-id`,
   * `Content-Type`), or that is HTTP's own, is refused; a custom header of the webhook with the same name gives way.
   *
   * Where it throws, answers what no request can carry, or takes more than 5 s, nothing goes out unsigned: the delivery waits,
   * untried, and comes again every 5 s.
   *
   * @param secrets - Live ones of the webhook, newest first, never none: during a rotation there are several.
   */
  abstract sign(request: UnsignedRequest, secrets: readonly Secret[]): SignatureHeaders | Promise<SignatureHeaders>;
}

/** `X-Webhook-Signature`, and `webhook-signature` of Standard Webhooks (https://www.standardwebhooks.com). */
export class StandardSigner extends RequestSigner {
  /** Secrets made ready for use, for as long as they are kept. */
  readonly #keys = new WeakMap<Secret, SigningKey>();

  override sign({ eventId, timestampSeconds, body }: UnsignedRequest, secrets: readonly Secret[]): SignatureHeaders {
    const keys = secrets.map((secret) => this.keyOf(secret));
    const plain = plainSignature(keys, body);
    const standard = standardSignature(keys, { id: eventId, timestampSeconds, body });
    return plain === undefined
      ? { 'webhook-signature': standard }
      : { 'X-Webhook-Signature': plain, 'webhook-signature': standard };
  }

  private keyOf(secret: Secret): SigningKey {
    let key = this.#keys.get(secret);
    if (!key) this.#keys.set(secret, (key = signingKey(secret)));
    return key;
  }
}
