// The memory that answers have together until their readers have taken them: one has a limit, but a reader may take nothing, and
// there may be any number of those. Of a tenant no more than half of what the others leave.
import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { PosthornError } from '../../kernel/errors.js';
import { SharedRoom } from '../../kernel/shared-room.js';
import { principalOf } from '../access/index.js';
import type { HttpRequest } from './exchange.js';

const ANSWER_BYTES = 134_217_728;

/** What the buffers of a connection take anyway is not counted. */
const SMALL_BYTES = 16_384;

/** How long a reader may take nothing of a large answer. */
const STALLED_MS = 60_000;

/** There is no room in memory for the answer. */
class AnswerRoomError extends PosthornError {
  constructor() {
    super('unavailable', 'too_busy', 'Too many answers wait to be read.');
  }
}

export class AnswerRoom extends SharedRoom {
  constructor() {
    super(ANSWER_BYTES);
  }
}

/** Express's answer. Fastify's is given an object, and is not counted. */
type Answering = ServerResponse & { send(body: unknown): unknown };

/**
 * Counts what is read, and refuses what there is no room for. What was changed is told in any case: whoever is refused comes
 * again, and would change it twice. A guard, because one interceptor alone has each request go through Observables.
 */
@Injectable()
export class AnswerRoomGuard implements CanActivate {
  constructor(private readonly room: AnswerRoom) {}

  canActivate(context: ExecutionContext): true {
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    if (request.method === 'GET') this.watch(http.getResponse<Answering>(), principalOf(request)?.tenantId ?? '');
    return true;
  }

  private watch(response: Answering, tenantId: string): void {
    const send = response.send.bind(response);
    response.send = (body) => {
      response.send = send;
      const bytes = typeof body === 'string' ? Buffer.byteLength(body) : 0;
      if (bytes > SMALL_BYTES) {
        const leave = this.room.take(tenantId, bytes);
        if (!leave) throw new AnswerRoomError();
        if (response.closed) leave();
        response.once('close', leave);
        response.setTimeout(STALLED_MS, () => response.destroy());
      }
      return send(body);
    };
  }
}
