// What was verified is held in memory until it is stored and its handlers have run, whether or not its sender still waits for
// the answer. A signature says who sends, not how much at once: here that has a bound, of which no tenant has more than half.
import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { finalize } from 'rxjs';
import type { Observable } from 'rxjs';
import { SharedRoom } from '../kernel/shared-room.js';
import type { HttpRequest } from '../platform/http/index.js';
import { NoRoomError } from './inbound.errors.js';
import { VERIFIED_BYTES } from './policy.js';
import { Rejections } from './rejections/rejections.js';
import { webhookOf } from './webhook.js';

@Injectable()
export class RoomInterceptor implements NestInterceptor {
  private readonly room = new SharedRoom(VERIFIED_BYTES);

  constructor(private readonly rejections: Rejections) {}

  /** @throws NoRoomError */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const incoming = context.switchToHttp().getRequest<HttpRequest>();
    const { source, request } = webhookOf(incoming);
    const giveBack = this.room.take(source.tenantId, request.body.length);
    if (!giveBack) {
      this.rejections.count(source, 'too_busy', incoming);
      throw new NoRoomError();
    }
    return next.handle().pipe(finalize(giveBack));
  }
}
