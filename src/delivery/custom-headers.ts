// Opens the custom headers of webhooks, once per change: a box is bound to its webhook and never altered, so what was in
// it may be kept for as long as there is room.
import { Injectable } from '@nestjs/common';
import { parseCustomHeaders } from '../kernel/custom-headers.js';
import type { CustomHeader } from '../kernel/custom-headers.js';
import { SecretBox } from '../kernel/secret-box.js';

/** Bytes of the boxes whose content is kept; a box holds up to 80 KiB. */
const MAX_KEPT_BYTES = 16 * 1_048_576;

const NONE: readonly CustomHeader[] = [];

@Injectable()
export class CustomHeaders {
  readonly #kept = new Map<string, { readonly box: Buffer; readonly headers: readonly CustomHeader[] }>();
  #keptBytes = 0;

  constructor(private readonly box: SecretBox) {}

  /**
   * The headers in a webhook's box; none without a box.
   *
   * @throws SecretBoxError when the box cannot be opened.
   */
  of(webhookId: string, box: Buffer | null): readonly CustomHeader[] {
    if (!box) return NONE;
    const known = this.#kept.get(webhookId);
    if (known?.box.equals(box)) return known.headers;
    const headers = parseCustomHeaders(this.box.open(box, webhookId));
    this.#forget(webhookId);
    this.#kept.set(webhookId, { box, headers });
    this.#keptBytes += box.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#forget(oldest);
    }
    return headers;
  }

  #forget(webhookId: string): void {
    this.#keptBytes -= this.#kept.get(webhookId)?.box.length ?? 0;
    this.#kept.delete(webhookId);
  }
}
