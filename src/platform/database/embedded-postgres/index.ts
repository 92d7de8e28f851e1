export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { isRunning, nameOf, pidRuns, type ProcessName } from './processes.js';
