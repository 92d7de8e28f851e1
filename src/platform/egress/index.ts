export {
  createEgressConnector,
  EgressDeniedError,
  type EgressConnector,
  type EgressConnectorOptions,
} from './connector.js';
export { judgeUrl } from './judge-url.js';
export type { ResolveAddresses } from './resolve.js';
