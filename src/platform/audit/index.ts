export { AuditLog } from './audit-log.js';
export type { AuditEntry } from './audit-log.js';
export { AuditRetention } from './audit-retention.js';
export type { Author } from './author.js';
export type { Facts } from './differences.js';
