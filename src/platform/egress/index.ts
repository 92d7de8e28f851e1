export { createEgressConnector, EgressDeniedError, type EgressConnectorOptions } from './connector.js';
export { judgeUrl } from './judge-url.js';
export type { ResolveAddresses } from './resolve.js';
