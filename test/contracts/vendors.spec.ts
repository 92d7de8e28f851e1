// What the vendors say themselves: published signatures hold here, and what our signers sign holds for the vendors' own
// libraries. Together with the contract, whose requests these signers sign, neither side can share a mistake with the other.
import { verifyWebhook as verifyClerk } from '@clerk/backend/webhooks';
import { Signature as HubspotSignature } from '@hubspot/api-client';
import { describe, expect, it } from '@jest/globals';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import { Paddle } from '@paddle/paddle-node-sdk';
import { EventWebhook } from '@sendgrid/eventwebhook';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import '@shopify/shopify-api/adapters/web-api';
import { verifySlackRequest } from '@slack/bolt';
import { verify as verifyGithub } from '@octokit/webhooks-methods';
import { verifyKey } from 'discord-interactions';
import type { IncomingMessage } from 'node:http';
import OpenAI from 'openai';
import { Resend } from 'resend';
import { WebhooksHelper as SquareWebhooks } from 'square';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { BUILT_IN_PROVIDERS } from '../../src/inbound/index.js';
import type { WebhookRequest } from '../../src/inbound/index.js';
import { Secret } from '../../src/kernel/secret.js';
import { newSecretPair, signedRequest } from '../../src/testing/index.js';
import type { SecretPair, SignedProvider } from '../../src/testing/index.js';
import { VECTORS } from '../vectors/signatures.js';

const provider = (name: string) => {
  const found = BUILT_IN_PROVIDERS.find((each) => each.name === name);
  if (!found) throw new Error(`There is no provider ${name}.`);
  return found;
};

describe('known answers', () => {
  const vectors = Object.entries(VECTORS).flatMap(([name, list]) => list.map((vector) => ({ name, ...vector })));

  it.each(vectors)(
    '$name: $origin',
    ({ name, secret, body, url = 'https://unsigned.example/', headers, nowMs = 0 }) => {
      const request = { method: 'POST', url, headers, body: Buffer.from(body) };
      const verify = (changed: WebhookRequest) => provider(name).verify(changed, [new Secret(secret)], nowMs);
      expect(verify(request)).toEqual({ ok: true });
      if (name === 'mailgun') return;
      expect(verify({ ...request, body: Buffer.from(`${body} `) })).toMatchObject({ ok: false });
    },
  );

  it('are there for every provider that signs, and for those that bear another one’s name', () => {
    const unsigned = ['telegram', 'basic', 'bearer', 'hmac'];
    const same = ['clerk', 'resend', 'openai', 'supabase'];
    const known = [...Object.keys(VECTORS), ...unsigned, ...same];
    expect(known.sort()).toEqual(BUILT_IN_PROVIDERS.map(({ name }) => name).sort());
  });
});

/** Each vendor's own verdict on a request. Nothing is stubbed: they read the process's clock, so we sign at its time. */
const LIBRARIES: Record<string, (request: WebhookRequest, pair: SecretPair) => unknown> = {
  clerk: async ({ url, body, headers }, { secret }) => {
    const given = headers as Record<string, string>;
    const request = new Request(url, { method: 'POST', headers: given, body: body.toString() });
    return (await verifyClerk(request, { signingSecret: secret })).type !== undefined;
  },
  discord: ({ body, headers }, { secret }) =>
    verifyKey(body, header(headers, 'x-signature-ed25519'), header(headers, 'x-signature-timestamp'), secret),
  github: ({ body, headers }, { secret }) =>
    verifyGithub(secret, body.toString(), header(headers, 'x-hub-signature-256')),
  hubspot: ({ method, url, body, headers }, { secret }) =>
    HubspotSignature.isValid({
      method,
      url,
      requestBody: body.toString(),
      signatureVersion: 'v3',
      clientSecret: secret,
      signature: header(headers, 'x-hubspot-signature-v3'),
      timestamp: Number(header(headers, 'x-hubspot-request-timestamp')),
    }),
  linear: ({ body, headers }, { secret }) =>
    new LinearWebhookClient(secret).verify(body, header(headers, 'linear-signature')),
  openai: async ({ body, headers }, { secret }) => {
    const library = new OpenAI({ apiKey: 'unused' });
    await library.webhooks.verifySignature(body.toString(), headers, secret);
    return true;
  },
  paddle: async ({ body, headers }, { secret }) =>
    await new Paddle('unused').webhooks.isSignatureValid(body.toString(), secret, header(headers, 'paddle-signature')),
  resend: ({ body, headers }, { secret }) => {
    const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) => header(headers, `svix-${name}`));
    return holds(() =>
      new Resend('re_unused').webhooks.verify({
        payload: body.toString(),
        headers: { id: id ?? '', timestamp: timestamp ?? '', signature: signature ?? '' },
        webhookSecret: secret,
      }),
    );
  },
  sendgrid: ({ body, headers }, { secret }) => {
    const library = new EventWebhook();
    const key = library.convertPublicKeyToECDSA(secret);
    const [signature, time] = ['signature', 'timestamp'].map((name) =>
      header(headers, `x-twilio-email-event-webhook-${name}`),
    );
    return library.verifySignature(key, body.toString(), signature ?? '', time ?? '');
  },
  shopify: async ({ url, body, headers }, { secret }) => {
    const library = shopifyApi({
      apiSecretKey: secret,
      apiKey: 'unused',
      hostName: 'shop.example',
      apiVersion: ApiVersion.Unstable,
      isEmbeddedApp: false,
      logger: { level: LogSeverity.Error },
    });
    // What it wants to see besides the signature, which covers none of it.
    const rest = {
      'x-shopify-topic': 'orders/create',
      'x-shopify-shop-domain': 'shop.myshopify.com',
      'x-shopify-api-version': ApiVersion.Unstable,
      'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    };
    const rawRequest = new Request(url, {
      method: 'POST',
      headers: { ...(headers as Record<string, string>), ...rest },
    });
    return (await library.webhooks.validate({ rawBody: body.toString(), rawRequest })).valid;
  },
  slack: ({ body, headers }, { secret }) => {
    const given = {
      'x-slack-signature': header(headers, 'x-slack-signature'),
      'x-slack-request-timestamp': Number(header(headers, 'x-slack-request-timestamp')),
    };
    return holds(() => verifySlackRequest({ signingSecret: secret, body: body.toString(), headers: given }));
  },
  // The newest release is 71 MB, most of it this one once more; its check is the same.
  square: ({ url, body, headers }, { secret }) =>
    SquareWebhooks.isValidWebhookEventSignature(
      body.toString(),
      header(headers, 'x-square-hmacsha256-signature'),
      secret,
      url,
    ),
  'standard-webhooks': ({ body, headers }, { secret }) =>
    holds(() => new StandardWebhook(secret).verify(body.toString(), headers as Record<string, string>)),
  stripe: ({ body, headers }, { secret }) =>
    holds(() =>
      new Stripe('sk_test_unused').webhooks.constructEvent(body, header(headers, 'stripe-signature'), secret),
    ),
  svix: ({ body, headers }, { secret }) =>
    holds(() => new SvixWebhook(secret).verify(body, headers as Record<string, string>)),
  twilio: ({ url, body, headers }, { secret }) =>
    twilio.validateRequestWithBody(secret, header(headers, 'x-twilio-signature'), url, body.toString()),
};

const header = (headers: IncomingMessage['headers'], name: string): string => {
  const value = headers[name];
  if (typeof value !== 'string') throw new Error(`There is no header ${name}.`);
  return value;
};

const holds = (verify: () => unknown): boolean => {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
};

describe('the vendor’s own library', () => {
  it.each(Object.entries(LIBRARIES))('of %s takes what is signed here, and we take it too', async (name, verdictOf) => {
    const [pair, other] = [newSecretPair(name as SignedProvider), newSecretPair(name as SignedProvider)];
    const url = 'https://shop.example/webhooks/it?x=1';
    // A little ahead, so that Paddle's five seconds are not a matter of how fast this machine is.
    const nowMs = Date.now() + 30_000;
    const body = { id: 'evt_1', type: 'thing.happened', text: 'żółw 🐢', webhookTimestamp: nowMs };
    const request = signedRequest(name as SignedProvider, { body, secret: pair.signWith, url, nowMs });
    expect(await verdictOf(request, pair)).toBe(true);
    expect(provider(name).verify(request, [new Secret(pair.secret)], nowMs)).toEqual({ ok: true });

    expect(await holdsLater(() => verdictOf(request, other))).toBe(false);
    expect(provider(name).verify(request, [new Secret(other.secret)], nowMs)).toMatchObject({ ok: false });
  });

  it('of Twilio takes forms too, with repeated and odd fields', () => {
    const { secret } = newSecretPair('twilio');
    const fields: [string, string][] = [
      ['To', '+1 555 & more'],
      ['Body', 'żółw\n=+%'],
      ['Zero', ''],
      ['a', 'lower case sorts last'],
    ];
    const url = 'https://shop.example/webhooks/twilio';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams(fields).toString();
    const request = signedRequest('twilio', { body, secret, url, headers });
    const signature = header(request.headers, 'x-twilio-signature');
    expect(twilio.validateRequest(secret, signature, url, Object.fromEntries(fields))).toBe(true);
    const verify = (at: string) => provider('twilio').verify({ ...request, url: at }, [new Secret(secret)], 0);
    expect(verify(url)).toEqual({ ok: true });

    // Which ports are written is not the sender's word alone: both spellings of one place hold, other ports do not.
    expect(verify('https://shop.example:443/webhooks/twilio')).toEqual({ ok: true });
    expect(verify('http://shop.example/webhooks/twilio')).toMatchObject({ ok: false });

    const repeated = twilio.getExpectedTwilioSignature(secret, url, { a: ['2', '1', '2'] });
    const twice = {
      ...request,
      headers: { ...headers, 'x-twilio-signature': repeated },
      body: Buffer.from('a=2&a=1&a=2'),
    };
    expect(provider('twilio').verify(twice, [new Secret(secret)], 0)).toEqual({ ok: true });
  });
});

const holdsLater = async (verify: () => unknown): Promise<boolean> => {
  try {
    return (await verify()) === true;
  } catch {
    return false;
  }
};
