// What is in the boxes of webhooks, opened once per change: a box is bound to its webhook and never altered, so what was in it
// may be kept for as long as there is room.
import type { SealedSecrets } from '../../platform/secrets/index.js';

/** Bytes of the boxes whose content is kept; a box holds up to 96 KiB. */
const MAX_KEPT_BYTES = 16 * 1_048_576;

export class OpenedBoxes<Content> {
  /** In the order of their last use: tokens and connections are kept by what was opened, and lost with it. */
  readonly #kept = new Map<string, { readonly box: Buffer; readonly content: Content }>();
  #keptBytes = 0;
  readonly #opening = new Map<string, { readonly box: Buffer; readonly content: Promise<Content> }>();

  constructor(
    private readonly secrets: SealedSecrets,
    private readonly parse: (text: string) => Content,
  ) {}

  /**
   * What is in a webhook's box: the same object for as long as the box is the same and there is room.
   *
   * @throws SecretBoxError when the box cannot be opened, SecretsAwayError when it cannot be opened now.
   */
  of(webhookId: string, box: Buffer): Content | Promise<Content> {
    const known = this.#kept.get(webhookId);
    if (known?.box.equals(box)) {
      this.#kept.delete(webhookId);
      this.#kept.set(webhookId, known);
      return known.content;
    }
    const opening = this.#opening.get(webhookId);
    if (opening?.box.equals(box)) return opening.content;
    // Who asks meanwhile gets the same object.
    const content = this.open(webhookId, box).finally(() => {
      if (this.#opening.get(webhookId)?.content === content) this.#opening.delete(webhookId);
    });
    this.#opening.set(webhookId, { box, content });
    return content;
  }

  private async open(webhookId: string, box: Buffer): Promise<Content> {
    const content = this.parse(await this.secrets.open(box, webhookId));
    this.#forget(webhookId);
    this.#kept.set(webhookId, { box, content });
    this.#keptBytes += box.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#forget(oldest);
    }
    return content;
  }

  #forget(webhookId: string): void {
    this.#keptBytes -= this.#kept.get(webhookId)?.box.length ?? 0;
    this.#kept.delete(webhookId);
  }
}
