// Lets an event through to its handlers once. What the ledger knows already is answered here; the controller only ever
// sees work that this request has claimed.
import { Injectable, Logger } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { of, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { HttpResponse } from '../platform/http/index.js';
import type { OpenSource } from '../registry/index.js';
import { ANSWERS } from './answers.js';
import type { Answer, Outcome } from './answers.js';
import { answerHandshake } from './handshake.js';
import type { Claim } from './handler-runs.repository.js';
import { beginReceive, endReceive } from './inbound-spans.js';
import { InboundService } from './inbound.service.js';
import { webhookOf } from './webhook.js';
import type { VerifiedWebhook } from './webhook.js';

const CLAIM = Symbol('posthorn.claim');

/** What this request has claimed. */
export const claimOf = (request: object): Claim => {
  const claim = (request as { [CLAIM]?: Claim })[CLAIM];
  if (!claim) throw new Error('A webhook came past IdempotencyInterceptor.');
  return claim;
};

/** Puts the status and headers of an outcome on the response, and gives its body: the source's own when all is well. */
export function answer(
  response: HttpResponse,
  outcome: Outcome,
  { answer: own }: Pick<OpenSource, 'answer'>,
): Answer['body'] | string {
  if (own && ANSWERS[outcome].status < 300) {
    response.status(own.status);
    response.header('Content-Type', own.contentType);
    return own.body;
  }
  const { status, body, retryAfterSeconds } = ANSWERS[outcome];
  response.status(status);
  if (retryAfterSeconds !== undefined) response.header('Retry-After', String(retryAfterSeconds));
  return body;
}

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger('Handshake');

  constructor(private readonly inbound: InboundService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<object>();
    const response = http.getResponse<HttpResponse>();
    const webhook = webhookOf(request);
    const span = beginReceive(webhook);
    if (!span) return this.admit(webhook, request, response, next);
    const failed = (error: unknown): void => span.fail(error);
    try {
      const passed = await span.run(() => this.admit(webhook, request, response, next));
      return passed.pipe(tap({ error: failed, complete: () => endReceive(span, response.statusCode) }));
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  private async admit(
    webhook: VerifiedWebhook,
    request: { [CLAIM]?: Claim },
    response: HttpResponse,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const { source, provider } = webhook;
    const handshake = provider.handshake?.(webhook.request, webhook.parsed?.data, source.secrets);
    if (handshake) {
      this.logger.log(`Answered the ${handshake.kind} of ${source.tenantId}/${source.name} (${provider.name}).`);
      return of(answerHandshake(response, handshake));
    }
    const admission = await this.inbound.admit(webhook);
    if ('outcome' in admission) return of(answer(response, admission.outcome, source));
    request[CLAIM] = admission.claim;
    return next.handle();
  }
}
