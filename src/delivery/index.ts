export { DeliveriesService } from './deliveries.service.js';
export { DELIVERY_ENTITIES, DeliveryModule } from './delivery.module.js';
export { DELIVERY_STATUSES } from './delivery-status.js';
export type { AttemptOutcome, DeliveryStatus } from './delivery-status.js';
export { DeliveryWake } from './delivery-wake.js';
export { DeliveryView, viewOfDelivery } from './dto/delivery-view.js';
export { EventLog } from './event-log.js';
export { EventStore } from './event.store.js';
export type { NewEvent } from './event.store.js';
