// The connections of an HTTP server that stops. Node closes only those that are idle at that moment. It leaves open those whose
// answer is under way, which then wait for the next request, and those that browsers open in advance and never use. Without
// this, a stop would last for as long as its clients have patience.
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How often a server that stops looks for connections that are of no use any more. */
const LOOK_MS = 100;

/** A request that takes longer than this once the server has stopped listening is cut off. */
const GRACE_MS = 5_000;

export class OpenConnections {
  private readonly sockets = new Set<Socket>();

  /** Knows every connection that is opened from here on. */
  constructor(
    private readonly server: Server,
    private readonly graceMs = GRACE_MS,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Whoever asks something from here on is told to ask the next thing elsewhere (`Connection: close`). */
  dismiss(): void {
    this.server.prependListener('request', (_request, response: ServerResponse) => (response.shouldKeepAlive = false));
  }

  /** Until `closed` is settled: ends each connection as soon as nothing is under way on it, and after 5 s all of them. */
  async endUntil(closed: Promise<unknown> | undefined): Promise<void> {
    const look = setInterval(() => this.endUnused(), LOOK_MS);
    const cut = setTimeout(() => this.server.closeAllConnections(), this.graceMs);
    try {
      await closed;
    } finally {
      clearInterval(look);
      clearTimeout(cut);
    }
  }

  private endUnused(): void {
    this.server.closeIdleConnections();
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
