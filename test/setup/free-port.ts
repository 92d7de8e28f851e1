export { freePort } from '../../src/testing/postgres/free-port.js';
