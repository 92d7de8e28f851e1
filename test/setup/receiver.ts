export { TestReceiver } from '../../src/testing/test-receiver.js';
export type { Answer, Received } from '../../src/testing/test-receiver.js';
