// A shop with a source of each kind of sender that posthorn/testing can sign for: shared by the specs about kinds of senders.
import { afterAll, beforeAll } from '@jest/globals';
import { newSecretPair, SIGNED_PROVIDERS, signedRequest } from '../../src/testing/index.js';
import type { SecretPair, SignedProvider, SignOptions } from '../../src/testing/index.js';
import type { WebhookRequest } from '../../src/inbound/index.js';
import { openScene } from './receive.harness.js';
import type { Scene, Shop, ShopOptions } from './receive.harness.js';
import { addSource } from './received-rows.harness.js';
import type { Rows } from './received-rows.harness.js';
import { post } from './sender.harness.js';
import type { Answered } from './sender.harness.js';

/** The token that Meta's handshake must name. */
export const VERIFY_TOKEN = 'the-token-we-chose';

export class ProvidersScene {
  private readonly pairs = new Map<SignedProvider, SecretPair>();
  private opened: Scene | undefined;

  /** Opens it for the tests of a file. */
  static forTests(options: ShopOptions = {}): ProvidersScene {
    const scene = new ProvidersScene();
    beforeAll(() => scene.open(options));
    afterAll(() => scene.opened?.close());
    return scene;
  }

  get shop(): Shop {
    return this.scene.shop;
  }

  get rows(): Rows {
    return this.scene.rows;
  }

  get databaseUrl(): string {
    return this.scene.databaseUrl;
  }

  /** The secret of a kind of sender, from both ends. */
  secretOf(name: SignedProvider): SecretPair {
    const pair = this.pairs.get(name);
    if (!pair) throw new Error(`There is no source of ${name}.`);
    return pair;
  }

  /** The environment made two sources already, which go by the names of their providers. */
  sourceOf(name: SignedProvider): string {
    return ['stripe', 'github'].includes(name) ? `own-${name}` : name;
  }

  /** A request to the source of this kind of sender. */
  signed(
    name: SignedProvider,
    options: Omit<SignOptions, 'secret'> & { secret?: string; url?: string },
  ): WebhookRequest {
    const url = `${this.shop.url}/webhooks/${this.sourceOf(name)}`;
    return signedRequest(name, { secret: this.secretOf(name).signWith, url, ...options });
  }

  /** Sends what was signed, where it is not said otherwise to the URL that it was signed for. */
  send({ headers, body, url }: WebhookRequest, to = url): Promise<Answered> {
    return post(to, body, headers as Record<string, string>);
  }

  /** How many events of a source are stored. */
  async storedOf(source: string): Promise<number> {
    return (await this.rows.query('SELECT FROM posthorn.received_event WHERE source = $1', [source])).length;
  }

  private async open(options: ShopOptions): Promise<void> {
    this.opened = await openScene([], options);
    for (const name of SIGNED_PROVIDERS) {
      const pair = newSecretPair(name);
      this.pairs.set(name, pair);
      await addSource(this.rows, {
        name: this.sourceOf(name),
        provider: name,
        secrets: [pair.secret],
        config: name === 'meta' ? { verifyToken: VERIFY_TOKEN } : {},
        // Wider than Paddle's five seconds: how fast this machine is must not matter.
        toleranceSeconds: 3_600,
      });
    }
  }

  private get scene(): Scene {
    if (!this.opened) throw new Error('The scene is not open.');
    return this.opened;
  }
}
