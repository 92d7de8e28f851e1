// A sender for tests: a source that knows its secret, and requests that are signed with it as the provider signs.
import type { INestApplication } from '@nestjs/common';
import { DEFAULT_TENANT, SourcesService } from '../registry/index.js';
import type { Processing } from '../registry/index.js';
import { PosthornError } from '../kernel/errors.js';
import { sampleWebhook } from './samples.js';
import { newSecretPair, signedRequest } from './signers.js';
import type { SignedProvider } from './signers.js';

/** How a source of a test is made. */
export interface TestSourceOptions {
  readonly provider: SignedProvider | 'hmac';
  /** Made if it is not there. @defaultValue 'default' */
  readonly tenant?: string;
  readonly config?: Record<string, unknown>;
  readonly processing?: Processing;
}

/** How the application answered a webhook. */
export interface WebhookAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * A sender, with a source of the application that it sends to.
 *
 * @example
 * const stripe = await posthorn.source('stripe');
 * await stripe.send('payment_intent.succeeded');
 * await stripe.send({ id: 'evt_1', type: 'payment_intent.succeeded', data: { object: { id: 'pi_7' } } });
 */
export class TestSource {
  private constructor(
    /** Where it sends to. */
    readonly url: string,
    /** What it signs with. */
    readonly secret: string,
    private readonly options: TestSourceOptions,
  ) {}

  /** Called by `TestPosthorn.source()`. */
  static async open(
    app: INestApplication,
    baseUrl: string,
    name: string,
    options: TestSourceOptions,
  ): Promise<TestSource> {
    const { provider, tenant = DEFAULT_TENANT, config, processing } = options;
    const sources = app.get(SourcesService, { strict: false });
    const { secret, signWith } = newSecretPair(provider);
    try {
      await sources.create(tenant, { name, provider, secrets: [secret], config, processing });
    } catch (error) {
      if (!(error instanceof PosthornError && error.code === 'source_exists')) throw error;
      await sources.addSecret(tenant, name, { secret, expireOthersAfter: null });
    }
    const path = tenant === DEFAULT_TENANT ? name : `${tenant}/${name}`;
    return new TestSource(`${baseUrl}/webhooks/${path}`, signWith, options);
  }

  /**
   * Sends a webhook, signed.
   *
   * @param webhook - A type, of which a sample is sent; an object, which is sent as JSON; or the very bytes.
   * @param headers - Further ones, such as the sender's event type.
   */
  async send(
    webhook: string | object | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<WebhookAnswer> {
    const { provider, config } = this.options;
    const { body, headers: own } =
      typeof webhook === 'string' ? sampleWebhook(provider, webhook, { config }) : { body: webhook, headers: {} };
    const request = signedRequest(provider, {
      secret: this.secret,
      url: this.url,
      body,
      headers: { ...own, ...headers },
      config,
    });
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body as Uint8Array<ArrayBuffer>,
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
