export { glance } from './glance.js';
export { Metrics, METRICS_CONTENT_TYPE } from './metrics.js';
export type { Reading } from './metrics.js';
export { SparingLog } from './sparing-log.js';
export { activeTraceparent, beginSpan, inSpan, isTraced, OpenSpan, unseen } from './tracing.js';
export type { SpanEnd } from './tracing.js';
