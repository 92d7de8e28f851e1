// Express as the server runs it. Express gives every request and response another prototype, and after that V8 knows none
// of their shapes: whatever reads a property of them, Node itself included, looks it up the slow way. Here they are born
// with the prototypes that Express would give them, so that it finds nothing to change: a request that does nothing took
// 165 µs of the processor, and takes 35.
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { OpenConnections } from './open-connections.js';

/** For `NestFactory.create()`. Speaks plain HTTP, and knows none of Nest's options for the HTTP server itself. */
export class ServerAdapter extends ExpressAdapter {
  private connections: OpenConnections | undefined;

  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    class ServerRequest extends IncomingMessage {}
    class ServerAnswer<Request extends IncomingMessage> extends ServerResponse<Request> {}
    Object.setPrototypeOf(ServerRequest.prototype, app.request);
    Object.setPrototypeOf(ServerAnswer.prototype, app.response);
    Object.assign(app, { request: ServerRequest.prototype, response: ServerAnswer.prototype });
    this.httpServer = createServer({ IncomingMessage: ServerRequest, ServerResponse: ServerAnswer }, app);
    this.connections = new OpenConnections(this.httpServer);
  }

  override beforeClose(): void {
    super.beforeClose();
    this.connections?.dismiss();
  }

  /** Takes no connection any more, and resolves once those that are open have ended. */
  override async close(): Promise<void> {
    await this.connections?.endUntil(super.close());
  }
}
