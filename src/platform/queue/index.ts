export { InjectQueue, WorkerHost } from '@nestjs/bullmq';
export { Processor } from './processor.decorator.js';
export { QueueModule, queueProvider } from './queue.module.js';
export { QueueReport } from './queue-report.js';
export type { FailedJob, QueueState } from './queue-report.js';
export { migrateQueues, queueSchema } from './queues.js';
