export { EventDispatcher } from './event-dispatcher.js';
export type { DispatchOptions, DispatchResult } from './dispatch-options.js';
export type { EventInput } from './event-check.js';
export { EVENT_CONTROLLERS, OutboundFeature } from './outbound.module.js';
export type { EventData, PosthornEvents } from './posthorn-events.js';
