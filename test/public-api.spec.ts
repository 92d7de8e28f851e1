import { expect, it } from '@jest/globals';
import * as posthorn from '../src/index.js';

it('exports these names: a change here is a decision', () => {
  expect(Object.keys(posthorn).sort()).toEqual([
    'Authenticator',
    'DefaultRetryPolicy',
    'DeliveryModule',
    'EventDispatcher',
    'InboundModule',
    'JsonataTransformer',
    'KeyAuthenticator',
    'KeyRingCipher',
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
    'RetryPolicy',
    'SecretBoxError',
    'SecretCipher',
    'SettingsError',
    'UNKNOWN_TYPE',
    'UnauthenticatedError',
    'bearerToken',
    'bodyId',
    'dataSourceOptions',
    'headerOf',
    'textField',
  ]);
});
