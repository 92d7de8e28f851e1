import { expect, it } from '@jest/globals';
import * as posthorn from '../src/index.js';
import * as testing from '../src/testing/index.js';

it('exports these names: a change here is a decision', () => {
  expect(Object.keys(posthorn).sort()).toEqual([
    'AlertSink',
    'Authenticator',
    'DashboardModule',
    'DefaultRetryPolicy',
    'DeliveryModule',
    'EventDispatcher',
    'HttpTransport',
    'InboundModule',
    'JsonataTransformer',
    'KeyAuthenticator',
    'KeyRingCipher',
    'LogAlerts',
    'Metrics',
    'OnWebhook',
    'OutboundModule',
    'POSTHORN_ENTITIES',
    'POSTHORN_MIGRATIONS',
    'PayloadTransformer',
    'PosthornDataSource',
    'PosthornError',
    'PosthornModule',
    'RegistryModule',
    'RequestSigner',
    'RetryPolicy',
    'SecretBoxError',
    'SecretCipher',
    'SettingsError',
    'StandardSigner',
    'Transport',
    'UNKNOWN_TYPE',
    'UnauthenticatedError',
    'WebhookEvent',
    'bearerToken',
    'bodyId',
    'dataSourceOptions',
    'drizzleExecutor',
    'headerOf',
    'knexExecutor',
    'pgExecutor',
    'prismaExecutor',
    'textField',
  ]);
});

it('exports these names for tests', () => {
  expect(Object.keys(testing).sort()).toEqual([
    'SIGNED_PROVIDERS',
    'TestPosthorn',
    'TestReceiver',
    'authenticatorContract',
    'newSecretPair',
    'payloadTransformerContract',
    'providerContract',
    'requestSignerContract',
    'retryPolicyContract',
    'sampleWebhook',
    'secretCipherContract',
    'signedRequest',
    'sqlExecutorContract',
    'transportContract',
  ]);
});
