export { MonitoringModule } from './monitoring.module.js';
export { QueuesController } from './queues/queues.controller.js';
export { StorageController } from './storage/storage.controller.js';
