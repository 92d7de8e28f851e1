export { glance } from './glance.js';
export { Metrics, METRICS_CONTENT_TYPE } from './metrics.js';
export type { Count, Reading } from './metrics.js';
