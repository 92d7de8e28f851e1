import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readEnvironment, readSettings } from './settings.js';

const KEY = randomBytes(32).toString('base64');

describe('settings from the environment', () => {
  it('need nothing at all', () => {
    expect(readEnvironment({})).toMatchObject({
      port: 3000,
      role: 'all',
      retrySchedule: [1_000, 5_000, 30_000],
      deliveryTimeoutMs: 10_000,
      idempotencyWindowMs: 86_400_000,
      allowHttp: false,
      allowNetworks: [],
      autoDisable: { afterMs: 432_000_000, attempts: 20 },
      databaseUrl: undefined,
    });
  });

  it('take an empty string for absent', () =>
    expect(readEnvironment({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 3000 }));

  it('read every kind of value', () => {
    const settings = readEnvironment({
      DATABASE_URL: 'postgres://u:p@db/x',
      ENCRYPTION_KEY: `${KEY},${KEY}`,
      RETRY_SCHEDULE: '5s, 1m',
      ALLOW_NETWORKS: '10.0.0.0/8, 192.168.0.0/16',
      RETRY_JITTER: '0',
      MAX_RETRY_WAIT: '6h',
      RETRY_STATUSES: '404, 429',
      AUTO_DISABLE: 'off',
      ALLOW_HTTP: 'true',
      STRIPE_WEBHOOK_SECRET: 'whsec_a,whsec_b',
      ROLE: 'worker',
    });
    expect(settings).toMatchObject({
      retryJitter: 0,
      maxRetryWaitMs: 21_600_000,
      retryStatuses: new Set([404, 429]),
      retrySchedule: [5_000, 60_000],
      allowNetworks: ['10.0.0.0/8', '192.168.0.0/16'],
      autoDisable: false,
      allowHttp: true,
      role: 'worker',
    });
    expect(settings.encryptionKey).toHaveLength(2);
    expect(settings.stripeWebhookSecret?.map((secret) => secret.reveal())).toEqual(['whsec_a', 'whsec_b']);
  });

  it.each([
    [{ PORT: '70000' }, 'PORT must be a whole number'],
    [{ PORT: '3e3' }, 'PORT must be'],
    [{ ALLOW_HTTP: 'yes' }, 'ALLOW_HTTP must be true or false'],
    [{ DELIVERY_TIMEOUT: '10' }, 'DELIVERY_TIMEOUT must be a duration'],
    [{ DELIVERY_TIMEOUT: '1h' }, 'DELIVERY_TIMEOUT must be a duration'],
    [{ RETRY_SCHEDULE: '1s,soon' }, 'RETRY_SCHEDULE must be'],
    [{ RETRY_JITTER: '1.1' }, 'RETRY_JITTER must be a number from 0 to 1'],
    [{ RETRY_JITTER: '-0.2' }, 'RETRY_JITTER must be'],
    [{ MAX_RETRY_WAIT: '8d' }, 'MAX_RETRY_WAIT must be a duration from 100ms to 7d'],
    [{ RETRY_STATUSES: '200,5xx' }, 'RETRY_STATUSES must be statuses'],
    [{ ADMIN_API_KEY: 'short' }, 'ADMIN_API_KEY must be at least 20 characters'],
    [{ ENCRYPTION_KEY: 'abc' }, 'ENCRYPTION_KEY must be base64 of 32 bytes'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must be a URL that begins with postgres://'],
    [{ DATABASE_URL: 'postgres://x/y' }, 'ENCRYPTION_KEY is required with DATABASE_URL'],
    [{ ROLE: 'api' }, 'ROLE other than all needs DATABASE_URL'],
    [{ ROLE: 'boss' }, 'ROLE must be one of all, api, worker'],
    [{ RETENTION: '1d', RETRY_SCHEDULE: '24h' }, 'RETENTION must exceed'],
    [{ AUTO_DISABLE: '5d' }, 'AUTO_DISABLE must be'],
    [{ ALLOW_NETWORKS: '10.0.0.0/99' }, 'ALLOW_NETWORKS must be networks'],
    [{ ALLOW_NETWORKS: '10.0.0.1/8' }, 'ALLOW_NETWORKS must be networks'],
    [{ DATABASE_SCHEMA: 'a"; drop' }, 'DATABASE_SCHEMA must be'],
  ])('%j are refused by name', (env, sentence) => expect(() => readEnvironment(env)).toThrow(sentence));

  it('names every variable that is wrong, and repeats no value', () => {
    const refuse = (): unknown => readEnvironment({ PORT: 'x', ROLE: 'y', ADMIN_API_KEY: 'hunter2' });
    for (const name of ['PORT', 'ROLE', 'ADMIN_API_KEY']) expect(refuse).toThrow(name);
    expect(refuse).not.toThrow('hunter2');
  });
});

describe('settings from code', () => {
  it('take natural values and texts alike', () => {
    expect(readSettings({ port: 0, allowHttp: true, retrySchedule: ['1s'], deliveryTimeout: '2s' })).toMatchObject({
      port: 0,
      allowHttp: true,
      retrySchedule: [1_000],
      deliveryTimeoutMs: 2_000,
    });
  });

  it('are refused by their option name', () => expect(() => readSettings({ port: -1 })).toThrow('port must be'));

  it('may switch a rule off with false', () => expect(readSettings({ autoDisable: false }).autoDisable).toBe(false));
});
