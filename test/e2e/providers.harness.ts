// A shop with a source of each kind of sender that posthorn/testing can sign for: shared by the specs about kinds of senders.
import { newSecretPair, SIGNED_PROVIDERS, signedRequest } from '../../src/testing/index.js';
import type { SecretPair, SignedProvider, SignOptions } from '../../src/testing/index.js';
import type { WebhookRequest } from '../../src/inbound/index.js';
import { openScene, SharedScene } from './receive.harness.js';
import type { ShopOptions } from './receive.harness.js';
import { post } from './sender.harness.js';
import type { Answered } from './sender.harness.js';

/** The token that Meta's handshake must name. */
export const VERIFY_TOKEN = 'the-token-we-chose';

/** The environment made two sources already, which go by the names of their providers. */
export const sourceOf = (name: SignedProvider): string => (['stripe', 'github'].includes(name) ? `own-${name}` : name);

export class ProvidersScene extends SharedScene {
  /** Opens it for the tests of a file. */
  static forTests(options: ShopOptions = {}): ProvidersScene {
    const pairs = new Map(SIGNED_PROVIDERS.map((name) => [name, newSecretPair(name)]));
    return new ProvidersScene(pairs, options);
  }

  private constructor(
    private readonly pairs: ReadonlyMap<SignedProvider, SecretPair>,
    options: ShopOptions,
  ) {
    const sources = [...pairs].map(([name, { secret }]) => ({
      name: sourceOf(name),
      provider: name,
      secrets: [secret],
      config: name === 'meta' ? { verifyToken: VERIFY_TOKEN } : {},
      // Wider than Paddle's five seconds: how fast this machine is must not matter.
      toleranceSeconds: 3_600,
    }));
    super(() => openScene(sources, options));
  }

  /** The secret of a kind of sender, from both ends. */
  secretOf(name: SignedProvider): SecretPair {
    const pair = this.pairs.get(name);
    if (!pair) throw new Error(`There is no source of ${name}.`);
    return pair;
  }

  /** A request to the source of this kind of sender. */
  signed(
    name: SignedProvider,
    options: Omit<SignOptions, 'secret'> & { secret?: string; url?: string },
  ): WebhookRequest {
    const url = `${this.shop.url}/webhooks/${sourceOf(name)}`;
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
}
