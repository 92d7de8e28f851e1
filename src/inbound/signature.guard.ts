// Nobody gets past it without a signature that one of the source's live secrets made over these very bytes. It runs
// before the interceptor, so an unverified request never touches the ledger.
import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { publicUrlOf } from '../platform/http/index.js';
import type { HttpRequest } from '../platform/http/index.js';
import { InvalidSignatureError } from './inbound.errors.js';
import type { WebhookRequest } from './providers/provider.js';
import { Rejections } from './rejections/rejections.js';
import { SourceGate } from './source.gate.js';
import { masked, noteWebhook, parsedBy } from './webhook.js';

@Injectable()
export class SignatureGuard implements CanActivate {
  constructor(
    private readonly gate: SourceGate,
    private readonly rejections: Rejections,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const incoming = context.switchToHttp().getRequest<HttpRequest>();
    const body = this.gate.bodyOf(incoming);
    if (!body) throw new Error('The body of a webhook was not read: is the application running on Express?');
    const { source, provider, arrivedAtMs } = body.context;
    const request: WebhookRequest = {
      method: incoming.method,
      url: publicUrlOf(incoming, this.settings.publicUrl),
      headers: incoming.headers,
      body: body.bytes,
    };
    const verdict = provider.verify(request, source.secrets, arrivedAtMs, source);
    if (!verdict.ok) {
      this.rejections.count(source, verdict.reason, incoming, () => {
        const problem = provider.problemOf?.(source.secrets, source.config);
        return `Provider ${provider.name}, ${source.secrets.length} live secrets.${problem ? ` ${problem}` : ''}`;
      });
      throw new InvalidSignatureError();
    }
    body.release();
    noteWebhook(incoming, {
      source,
      provider,
      request,
      parsed: parsedBy(provider, request),
      maskedHeaders: masked(request.headers, source, provider),
    });
    return true;
  }
}
