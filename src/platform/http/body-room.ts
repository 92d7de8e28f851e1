// The memory that the bodies of all API requests have together, from the first byte until the answer is out: one body has a
// limit, and any number of requests may be under way. Of a tenant no more than half of what the others leave, so that whoever
// sends much keeps only itself out.
import { PosthornError } from '../../kernel/errors.js';
import { SharedRoom } from '../../kernel/shared-room.js';

/** JSON of many small values takes twenty times its size once it is read. */
const API_BODY_BYTES = 67_108_864;

/** There is no room in memory for more of a body. */
export class BodyRoomError extends PosthornError {
  constructor() {
    super('unavailable', 'too_busy', 'Too many bytes are being received at once.');
  }
}

export class BodyRoom {
  readonly #room = new SharedRoom(API_BODY_BYTES);

  /** Room for one body. Must be left, whatever becomes of the request. */
  enter(tenantId: string): { grow(bytes: number): boolean; leave(): void } {
    const taken: (() => void)[] = [];
    return {
      grow: (bytes) => {
        const giveBack = this.#room.take(tenantId, bytes);
        if (giveBack) taken.push(giveBack);
        return giveBack !== undefined;
      },
      leave: () => taken.forEach((giveBack) => giveBack()),
    };
  }
}
