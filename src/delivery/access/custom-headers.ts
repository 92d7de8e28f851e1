// The custom headers of webhooks, as they are sent.
import { Injectable } from '@nestjs/common';
import { parseCustomHeaders } from '../../kernel/custom-headers.js';
import type { CustomHeader } from '../../kernel/custom-headers.js';
import { SealedSecrets } from '../../platform/secrets/index.js';
import { OpenedBoxes } from './opened-boxes.js';

const NONE: readonly CustomHeader[] = [];

@Injectable()
export class CustomHeaders {
  private readonly opened: OpenedBoxes<readonly CustomHeader[]>;

  constructor(secrets: SealedSecrets) {
    this.opened = new OpenedBoxes(secrets, parseCustomHeaders);
  }

  /**
   * The headers in a webhook's box, at hand at once where they were opened before; none without a box.
   *
   * @throws SecretBoxError when the box cannot be opened, SecretsAwayError when it cannot be opened now.
   */
  of(webhookId: string, box: Buffer | null): readonly CustomHeader[] | Promise<readonly CustomHeader[]> {
    return box ? this.opened.of(webhookId, box) : NONE;
  }
}
