export { AuditLog } from './audit-log.js';
export type { AuditEntry, AuditFilter, Change } from './audit-log.js';
export { AuditRetention } from './audit-retention.js';
export type { Author } from './author.js';
export type { ChangedField, Facts } from './differences.js';
