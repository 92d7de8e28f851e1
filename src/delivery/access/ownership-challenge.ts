// How receivers are asked whether they want our webhooks: as deliveries are sent, by the same policy and proxy, and unsigned,
// since nobody knows the secret yet.
import { Inject, Injectable } from '@nestjs/common';
import { VERSION } from '../../kernel/version.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { CHALLENGE_TYPE, Ownership } from '../../registry/index.js';
import { HttpTransport } from '../transport/http-transport.js';

const HEADERS = [
  'User-Agent',
  `Posthorn/${VERSION}`,
  'Content-Type',
  'application/json',
  'X-Webhook-Event',
  CHALLENGE_TYPE,
] as const;

@Injectable()
export class OwnershipChallenge {
  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'deliveryTimeoutMs'>,
    private readonly http: HttpTransport,
    ownership: Ownership,
  ) {
    ownership.askBy((url, body) => this.ask(url, body));
  }

  private async ask(url: string, body: string): Promise<string | undefined> {
    const { deliveryTimeoutMs } = this.settings;
    const result = await this.http.post({
      url,
      headers: HEADERS,
      body: Buffer.from(body),
      timeoutMs: deliveryTimeoutMs,
    });
    return result.outcome === 'success' ? (result.body ?? Buffer.alloc(0)).toString() : undefined;
  }
}
