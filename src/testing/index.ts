// Published as posthorn/testing: what an application needs to test what it built on Posthorn.
export { TestPosthorn } from './test-posthorn.js';
export type { SubscribeOptions, TestPosthornOptions } from './test-posthorn.js';
export type { DeliveredEvent } from './expected-deliveries.js';
export { TestReceiver } from './test-receiver.js';
export type { Answer, Received, SentEvent } from './test-receiver.js';
export type { TestSource, TestSourceOptions, WebhookAnswer } from './test-source.js';
export { authenticatorContract } from './authenticator-contract.js';
export type { AuthenticatorSubject } from './authenticator-contract.js';
export { payloadTransformerContract } from './payload-transformer-contract.js';
export { providerContract } from './provider-contract.js';
export { retryPolicyContract } from './retry-policy-contract.js';
export { secretCipherContract } from './secret-cipher-contract.js';
export type { ContractCase, ContractMessage, ContractSubject } from './contract/bench.js';
export { sampleWebhook } from './samples.js';
export type { SampleOptions } from './samples.js';
export type { SampleWebhook } from './samples/sample.js';
export { newSecretPair, SIGNED_PROVIDERS, signedRequest } from './signers.js';
export type { SecretPair, SignedProvider, SignOptions } from './signers.js';
