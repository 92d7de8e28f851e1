// Senders of webhooks get `{ error }` and nothing else, whatever happened; the request id is in the header.
import { Catch } from '@nestjs/common';
import { PosthornExceptionFilter } from '../platform/http/index.js';
import type { HttpRequest, HttpResponse, Refusal } from '../platform/http/index.js';
import { PROCESSING_FAILED } from './answers.js';
import { NoChallengeError } from './inbound.errors.js';

@Catch()
export class InboundExceptionFilter extends PosthornExceptionFilter {
  protected override judge(exception: unknown, request: HttpRequest, response: HttpResponse): Refusal {
    if (exception instanceof NoChallengeError) response.header('Allow', 'OPTIONS, POST');
    return super.judge(exception, request, response);
  }

  protected override answer({ error, unexpected }: Refusal): object {
    return { error: unexpected ? PROCESSING_FAILED : error };
  }
}
