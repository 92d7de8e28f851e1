// Senders of webhooks get `{ error }` and nothing else, whatever happened; the request id is in the header.
import { Catch } from '@nestjs/common';
import { PosthornExceptionFilter } from '../platform/http/index.js';
import type { Refusal } from '../platform/http/index.js';
import { PROCESSING_FAILED } from './answers.js';

@Catch()
export class InboundExceptionFilter extends PosthornExceptionFilter {
  protected override answer({ error, unexpected }: Refusal): object {
    return { error: unexpected ? PROCESSING_FAILED : error };
  }
}
