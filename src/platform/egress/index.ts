export { createEgressConnector, EgressDeniedError, type EgressConnectorOptions } from './connector.js';
export { judgeUrl, type JudgeUrlOptions } from './judge-url.js';
export { resolveAddresses, type ResolveAddresses } from './resolve.js';
