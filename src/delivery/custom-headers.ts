// Opens the custom headers of webhooks.
import { Injectable } from '@nestjs/common';
import { parseCustomHeaders } from '../kernel/custom-headers.js';
import type { CustomHeader } from '../kernel/custom-headers.js';
import { SecretBox } from '../kernel/secret-box.js';
import { OpenedBoxes } from './opened-boxes.js';

const NONE: readonly CustomHeader[] = [];

@Injectable()
export class CustomHeaders {
  private readonly opened: OpenedBoxes<readonly CustomHeader[]>;

  constructor(box: SecretBox) {
    this.opened = new OpenedBoxes(box, parseCustomHeaders);
  }

  /**
   * The headers in a webhook's box; none without a box.
   *
   * @throws SecretBoxError when the box cannot be opened.
   */
  of(webhookId: string, box: Buffer | null): readonly CustomHeader[] {
    return box ? this.opened.of(webhookId, box) : NONE;
  }
}
