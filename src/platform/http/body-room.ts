// The memory that the bodies of all API requests have together, from the first byte until the answer is out: one body has a
// limit, and any number of requests may be under way. Of a tenant no more than half of what the others leave, so that whoever
// sends much keeps only itself out.
import type { ServerResponse } from 'node:http';
import { PosthornError } from '../../kernel/errors.js';
import { SharedRoom } from '../../kernel/shared-room.js';

/** JSON of many small values takes twenty times its size once it is read. */
const API_BODY_BYTES = 67_108_864;

/** What a connection takes anyway is not counted, nor is the body of an ordinary event. */
const SMALL_BYTES = 16_384;

/** There is no room in memory for more of a body. */
export class BodyRoomError extends PosthornError {
  constructor() {
    super('unavailable', 'too_busy', 'Too many bytes are being received at once.');
  }
}

export class BodyRoom {
  readonly #room = new SharedRoom(API_BODY_BYTES);

  /**
   * Room for one body, until its response is over.
   *
   * @returns is asked before the body takes so many bytes more. False: there is no room for them.
   */
  enter(tenantId: string, response: ServerResponse): (bytes: number) => boolean {
    const taken: (() => void)[] = [];
    let size = 0;
    return (bytes) => {
      size += bytes;
      if (size <= SMALL_BYTES) return true;
      const giveBack = this.#room.take(tenantId, taken.length === 0 ? size : bytes);
      if (!giveBack) return false;
      // One listener, and only where it is needed: it costs as much as an empty handler.
      if (taken.length === 0) response.once('close', () => taken.forEach((give) => give()));
      taken.push(giveBack);
      return true;
    };
  }
}
