// The contract over every built-in provider, signed by the signers that are published for tests.
import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { BUILT_IN_PROVIDERS } from '../../src/inbound/index.js';
import type { Provider, WebhookRequest } from '../../src/inbound/index.js';
import { Secret } from '../../src/kernel/secret.js';
import { newSecretPair, providerContract, SIGNED_PROVIDERS, signedRequest } from '../../src/testing/index.js';
import type { ContractMessage, ContractSubject, SignedProvider } from '../../src/testing/index.js';

const NOW_MS = 1_767_225_600_000;

const providerOf = (name: string): Provider => {
  const provider = BUILT_IN_PROVIDERS.find((each) => each.name === name);
  if (!provider) throw new Error(`There is no provider ${name}.`);
  return provider;
};

const signing =
  (name: SignedProvider, headers: Record<string, string> = {}) =>
  ({ body, signWith, nowMs, url }: ContractMessage): WebhookRequest =>
    signedRequest(name, { body, secret: signWith, nowMs, url, headers });

const join = (header: string, separator: string) => (one: WebhookRequest, other: WebhookRequest) => ({
  ...one,
  headers: { ...one.headers, [header]: `${String(one.headers[header])}${separator}${String(other.headers[header])}` },
});

const standardIn = (prefix: string, name: SignedProvider): Partial<ContractSubject> => ({
  sign: signing(name, { [`${prefix}id`]: 'msg_1' }),
  several: join(`${prefix}signature`, ' '),
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SMS = Buffer.from(
  'MessageSid=SM1&Body=%C5%BC%C3%B3%C5%82w+%F0%9F%90%A2&From=%2B15550001&To=%2B15550002&SmsStatus=received',
);

/** What differs from the plain case: JSON in, headers out. */
const PARTICULARS: Partial<Record<SignedProvider, Partial<ContractSubject>>> = {
  clerk: standardIn('svix-', 'clerk'),
  linear: { body: Buffer.from(`{"type":"Issue","text":"żółw","webhookTimestamp":${NOW_MS}}`), signs: 'json' },
  mailgun: { body: Buffer.from('{"event-data":{"id":"1","event":"delivered"}}') },
  openai: standardIn('webhook-', 'openai'),
  pagerduty: { several: join('x-pagerduty-signature', ',') },
  docusign: {
    several: (one, other) => ({
      ...one,
      headers: { ...one.headers, 'x-docusign-signature-2': other.headers['x-docusign-signature-1'] },
    }),
  },
  calendly: { several: (one, other) => append(one, other, 'calendly-webhook-signature', /v1=.*/, ',') },
  paddle: { several: (one, other) => append(one, other, 'paddle-signature', /h1=.*/, ';') },
  stripe: { several: (one, other) => append(one, other, 'stripe-signature', /v1=.*/, ',') },
  resend: standardIn('svix-', 'resend'),
  'standard-webhooks': standardIn('webhook-', 'standard-webhooks'),
  supabase: standardIn('webhook-', 'supabase'),
  svix: standardIn('svix-', 'svix'),
  twilio: { sign: signing('twilio', FORM), body: SMS, signs: 'fields' },
};

function append(one: WebhookRequest, other: WebhookRequest, header: string, part: RegExp, separator: string) {
  const added = part.exec(String(other.headers[header]))?.[0] ?? '';
  return { ...one, headers: { ...one.headers, [header]: `${String(one.headers[header])}${separator}${added}` } };
}

const contract = (subject: ContractSubject): void => it.each(providerContract(subject))('$name', ({ run }) => run());

describe.each(SIGNED_PROVIDERS.map((name) => [name]))('the contract of %s', (name) => {
  const { guide } = BUILT_IN_PROVIDERS.find((each) => each.name === name) ?? {};
  contract({
    provider: providerOf(name),
    newSecret: () => newSecretPair(name),
    sign: signing(name),
    headers: (guide?.headers ?? []).map((header) => header.toLowerCase()),
    covers: guide?.covers,
    toleranceSeconds: name === 'gitlab' ? undefined : guide?.toleranceSeconds,
    ...PARTICULARS[name],
  });
});

describe('the contract of gitlab with a signing token', () => {
  contract({
    provider: providerOf('gitlab'),
    newSecret: () => newSecretPair('standard-webhooks'),
    ...(standardIn('webhook-', 'gitlab') as Pick<ContractSubject, 'sign' | 'several'>),
    headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    toleranceSeconds: 300,
  });
});

describe('the contract of standard-webhooks with a public key', () => {
  contract({
    provider: providerOf('standard-webhooks'),
    newSecret: () => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
      const key = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
      return { secret: `whpk_${raw}`, signWith: `whsk_${key}` };
    },
    ...(standardIn('webhook-', 'standard-webhooks') as Pick<ContractSubject, 'sign' | 'several'>),
    headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    toleranceSeconds: 300,
  });
});

it('has a signer for every provider but the one that a config describes', () => {
  const names = BUILT_IN_PROVIDERS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect([...SIGNED_PROVIDERS, 'hmac'].sort()).toEqual([...names].sort());
});

it.each(BUILT_IN_PROVIDERS.filter(({ name }) => name !== 'hmac').map((provider) => [provider.name, provider] as const))(
  '%s finds nothing wrong with its own secrets, and says so of a wrong config in a sentence',
  (name, provider) => {
    const secret = new Secret(newSecretPair(name as SignedProvider).secret);
    expect(provider.problemOf?.([secret], {})).toBeUndefined();
    const problem = provider.problemOf?.([new Secret('-')], { url: 1, verifyToken: 1, id: 1 });
    if (provider.problemOf) expect(problem).toMatch(/^(?:A secret|config\.\w+) must be .*\.$/);
  },
);
