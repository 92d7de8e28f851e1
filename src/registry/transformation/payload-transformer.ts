// The seam where a team decides for itself what is sent in the place of an event, and what we do: the JSONata expression of
// the webhook. The injection token is the class itself.
import { Inject, Injectable } from '@nestjs/common';
import { Evaluator } from './evaluator.js';

/** An event as the format `native` writes it. */
export interface TransformedEvent {
  readonly id: string;
  /** Its type. */
  readonly event: string;
  /** When it happened: ISO 8601, UTC. */
  readonly timestamp: string;
  /** Its payload, read from JSON. */
  readonly data: unknown;
}

/** The webhook that the event is sent to. */
export interface TransformingWebhook {
  readonly id: string;
  readonly tenantId: string;
  readonly url: string;
  /** Its JSONata expression. Null: it has none. */
  readonly transformation: string | null;
}

/**
 * Makes what is sent to a webhook in the place of an event.
 *
 * It is asked once per delivery, at its first attempt. What it gives is stored, and sent by every attempt of the delivery;
 * a replay is a delivery of its own. Where it fails, so does the attempt, with the outcome `transformation_error` and its
 * message in the log of the delivery, which the tenant reads; the retry asks again.
 *
 * It is a singleton of your application: give `PosthornModule` the class, and it injects what the module's `imports` and
 * your global modules export.
 *
 * @example
 * class MaskedPayloads extends JsonataTransformer {
 *   override appliesTo(): boolean {
 *     return true;
 *   }
 *
 *   override async transform(event: TransformedEvent, webhook: TransformingWebhook, signal?: AbortSignal): Promise<unknown> {
 *     const sent = super.appliesTo(webhook) ? await super.transform(event, webhook, signal) : event;
 *     return JSON.parse(JSON.stringify(sent, (key, value: unknown) => (key === 'iban' ? '…' : value)));
 *   }
 * }
 * PosthornModule.forRoot({ payloadTransformer: MaskedPayloads, … })
 */
export abstract class PayloadTransformer {
  /** Whether the events of a webhook are transformed at all. Asked for every delivery: it answers at once, and the same each time. */
  abstract appliesTo(webhook: TransformingWebhook): boolean;

  /**
   * It may take 10 s; then the attempt fails.
   *
   * @param signal - Aborted once that is over: nobody waits for it any more. Handed on to ours, it tells an expression that
   * was slow, which fails the attempt, from one whose turn did not come, which uses up none.
   * @returns what JSON can say of at most `MAX_EVENT_SIZE` bytes, or a promise of it. In the format `native` it is the
   * whole body, in those of CloudEvents the event's data.
   * @throws Error with a sentence for the tenant's eyes.
   */
  abstract transform(event: TransformedEvent, webhook: TransformingWebhook, signal?: AbortSignal): unknown;
}

/**
 * Transforms by the expression of the webhook, where it has one: https://docs.jsonata.org. Its input is the event as
 * `native` writes it, so that `$` changes nothing. It runs in a process of its own, for a second at most, and for as much
 * memory as the largest event needs; those of one tenant do not hold up those of others.
 */
@Injectable()
export class JsonataTransformer extends PayloadTransformer {
  /** Not in the constructor: that belongs to classes that go on from this one. */
  @Inject(Evaluator)
  private readonly evaluator!: Evaluator;

  appliesTo({ transformation }: TransformingWebhook): boolean {
    return transformation !== null;
  }

  transform(event: TransformedEvent, { tenantId, transformation }: TransformingWebhook, signal?: AbortSignal): unknown {
    return transformation === null ? event : this.evaluator.evaluate(tenantId, transformation, event, signal);
  }
}
