// Who may hold how many of a pool's connections: of a tenant no more than half of what the others leave. Whoever asks for much, or for
// what takes long, waits for itself alone, outside the line of the pool, and there is a connection left for whoever comes next.
import { PosthornError } from '../../kernel/errors.js';
import { SharedRoom } from '../../kernel/shared-room.js';

/** The tenant's other requests held its share all the time that this one waited. */
class ShareTakenError extends PosthornError {
  constructor() {
    super('unavailable', 'too_busy', 'Too many requests of this tenant wait for the database.');
  }
}

interface Waiting {
  /** Is given what gives the connection back. */
  readonly enter: (leave: () => void) => void;
  readonly timer: NodeJS.Timeout;
}

export class ConnectionShares {
  readonly #room: SharedRoom;
  /** By tenant. Whose turn came last waits behind the others. */
  readonly #lines = new Map<string, Set<Waiting>>();
  #held = 0;

  /**
   * @param connections - All that tenants may hold together.
   * @param patience - How long one waits for its turn: as long as for a connection.
   */
  constructor(
    private readonly connections: number,
    private readonly patience: { readonly connectionTimeoutMillis?: number },
  ) {
    this.#room = new SharedRoom(connections);
  }

  /**
   * Does work that holds one connection, once it is the tenant's turn. Work within such work would wait for itself.
   *
   * @throws ShareTakenError, with nothing done; and what the work throws.
   */
  async within<Result>(tenantId: string, work: () => Promise<Result>): Promise<Result> {
    const leave = (this.#lines.has(tenantId) ? undefined : this.take(tenantId)) ?? (await this.turn(tenantId));
    try {
      return await work();
    } finally {
      leave();
      this.letIn();
    }
  }

  private take(tenantId: string): (() => void) | undefined {
    const leave = this.#room.take(tenantId, 1);
    if (!leave) return undefined;
    this.#held += 1;
    return () => {
      this.#held -= 1;
      leave();
    };
  }

  private turn(tenantId: string): Promise<() => void> {
    return new Promise((enter, reject) => {
      const timer = setTimeout(() => {
        this.leaveLine(tenantId, waiting);
        reject(new ShareTakenError());
      }, this.patience.connectionTimeoutMillis);
      const waiting = { enter, timer };
      const line = this.#lines.get(tenantId);
      if (line) line.add(waiting);
      else this.#lines.set(tenantId, new Set([waiting]));
    });
  }

  /** Looks at no more lines than there are connections: what a path names is a tenant too, so that there may be very many. */
  private letIn(): void {
    for (const [tenantId, line] of this.#lines) {
      if (this.#held >= this.connections) return;
      const leave = this.take(tenantId);
      const [first] = line;
      if (!leave || !first) continue;
      clearTimeout(first.timer);
      // To the end, so that the next one to be let in is another's.
      this.#lines.delete(tenantId);
      this.#lines.set(tenantId, line);
      this.leaveLine(tenantId, first);
      first.enter(leave);
    }
  }

  private leaveLine(tenantId: string, waiting: Waiting): void {
    const line = this.#lines.get(tenantId);
    line?.delete(waiting);
    if (line?.size === 0) this.#lines.delete(tenantId);
  }
}
