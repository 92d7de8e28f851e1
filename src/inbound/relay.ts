// What a source with `relay` passes on: the webhook as an event of ours, stored and dispatched in one transaction. What
// cannot be an event is received all the same, and the log says so.
import { Injectable, Logger } from '@nestjs/common';
import { InvalidError, PosthornError } from '../kernel/errors.js';
import { isTooDeep, MAX_DEPTH } from '../kernel/json-depth.js';
import { EventDispatcher } from '../outbound/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { SparingLog } from '../platform/observability/index.js';
import type { NewReceivedEvent } from './ledger.repository.js';
import { textOf } from './providers/body.js';
import type { VerifiedWebhook } from './webhook.js';

const MAX_TYPE_LENGTH = 128;

@Injectable()
export class Relay {
  private readonly logger = new Logger('Relay');
  /** By source: what one webhook of it cannot be, others cannot be either. */
  private readonly refused = new SparingLog((line) => this.logger.warn(line));

  constructor(private readonly dispatcher: EventDispatcher) {}

  /** What has to run in the transaction that stores the event; `undefined` where nothing is passed on. */
  prepare(event: NewReceivedEvent, webhook: VerifiedWebhook): ((executor: SqlExecutor) => Promise<void>) | undefined {
    if (!webhook.source.relay || event.status === 'rejected') return undefined;
    const type = relayedType(event.source, event.type);
    try {
      const written = { event: type, json: relayedData(event, webhook), occurredAt: event.occurredAt };
      return this.dispatcher.prepareWritten(written, event.tenantId);
    } catch (error) {
      if (!(error instanceof PosthornError)) throw error;
      this.refused.note(
        event.sourceId,
        () => `Received event ${event.id} is not passed on as ${type}: ${error.message}`,
      );
      return undefined;
    }
  }
}

/** `<source>.<type>` in the grammar of our own types, which senders' types need not have. */
export function relayedType(source: string, type: string): string {
  const words = type
    .replaceAll('/', '.')
    .replaceAll(/[^A-Za-z0-9_.-]/g, '_')
    .split('.');
  const full = [source, ...words.map((word) => word || '_')].join('.');
  return full.slice(0, MAX_TYPE_LENGTH).replace(/\.$/, '');
}

/**
 * The body stands in it as it came where it is JSON, so that no number loses a digit; headers are masked.
 *
 * @throws InvalidError where it would be no JSON, or JSON that could be stored and never be shown: some providers take any body.
 */
function relayedData(event: NewReceivedEvent, webhook: VerifiedWebhook): string {
  const { id, source, type, externalId, headers } = event;
  const written = bodyJson(webhook);
  if (written === undefined) throw new InvalidError('not_json', 'its body is neither JSON nor a form.');
  if (isTooDeep(written)) throw new InvalidError('too_deep', `its body is nested deeper than ${MAX_DEPTH} levels.`);
  const names = JSON.stringify({ receivedEventId: id, source, type, externalId });
  return `${names.slice(0, -1)},"headers":${headers},"body":${written}}`;
}

function bodyJson({ provider, parsed, request }: VerifiedWebhook): string | undefined {
  if (!parsed) return undefined;
  if (!provider.parse) return textOf(request.body);
  try {
    return JSON.stringify(parsed.data);
  } catch {
    // Nested beyond the stack, or what a provider of a team's own made of it: circular, a BigInt.
    return undefined;
  }
}
