// Sends deliveries that are ours: body, signature, request, verdict, and over to be settled; so many requests in flight
// as the settings allow. Which deliveries, and when, is the engine's part.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import { endOfTurn } from '../kernel/end-of-turn.js';
import { MAX_RETRY_AFTER_MS, parseRetryAfter, unnamedWait } from '../kernel/retry-schedule.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { inSpan } from '../platform/observability/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { SecretsAwayError } from '../platform/secrets/index.js';
import { TransformationError } from '../registry/index.js';
import { attemptEnd, beginAttempt } from './attempt-span.js';
import { timingText } from './attempt-timing.js';
import { ClaimQuery } from './claim.js';
import type { Claim } from './claim.js';
import { LEASE_MARGIN_MS } from './claim.statements.js';
import type { ClaimedDelivery } from './claimed-delivery.js';
import { CustomHeaders } from './custom-headers.js';
import { DeliveryWake } from './delivery-wake.js';
import { EndpointAccess } from './endpoint-access.js';
import type { Access } from './endpoint-access.js';
import { MAY_ASK_TO_WAIT } from './outcome.js';
import { bodyOf, headersOf, sourceOf } from './payload-format.js';
import { signedRequest, unsignedRequest } from './request.js';
import type { SignedRequest } from './request.js';
import { RetryJudge } from './retry-judge.js';
import { SendQueue } from './send-queue.js';
import { SettleBatch } from './settle.js';
import { Signatures, UnsignedError } from './signatures.js';
import { SigningKeys } from './signing-keys.js';
import { TransformedBodies } from './transformed-bodies.js';
import { Transport } from './transport.js';
import type { TransportResult } from './transport.js';

const UNAUTHORIZED = 401;
const TOO_MANY_REQUESTS = 429;

/** How long deliveries wait that cannot be signed at the moment. */
const UNSIGNED_MS = 5_000;

/** A delivery that was claimed longer ago is not sent any more: a send must end before its lease does. */
const MAX_HELD_MS = LEASE_MARGIN_MS / 2;

/** How often it is looked for what is held for too long. */
const OVERDUE_LOOK_MS = 1_000;

/** Outcomes that may wait to be written, per slot: PostgreSQL away must stop the sending, not fill the memory. */
const MAX_BACKLOG_FACTOR = 4;

/** The format that is the data of an event and nothing else. */
const DATA_ALONE = 'cloudevents-binary';

/** Deliveries that are ours to send, and the data of their events. */
export type Ready = Pick<Claim, 'claimed' | 'data'>;

/** A delivery on its way out. */
interface Outgoing {
  readonly webhookId: string;
  readonly maxInFlight?: number;
  readonly paced: boolean;
  readonly bytes: number;
  readonly delivery: ClaimedDelivery;
  /** What is sent; or the data of the event, of which that is to be made. */
  readonly body: Buffer;
  readonly isTransformed: boolean;
  readonly claimedAt: number;
}

@Injectable()
export class Sender {
  /** What is ours and not yet answered. */
  readonly queue: SendQueue<Outgoing>;
  private readonly logger = new Logger('Delivery');
  private lookedForOverdueAt = 0;
  /** When what was claimed of a webhook was last given back, on the monotonic clock; the oldest first. */
  private readonly givenBackAt = new Map<string, number>();
  /** Who we are in CloudEvents. */
  private readonly source: string;

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly claims: ClaimQuery,
    private readonly keys: SigningKeys,
    private readonly signatures: Signatures,
    private readonly customHeaders: CustomHeaders,
    private readonly access: EndpointAccess,
    private readonly transport: Transport,
    private readonly retries: RetryJudge,
    private readonly settle: SettleBatch,
    private readonly transformed: TransformedBodies,
    wake: DeliveryWake,
  ) {
    this.source = sourceOf(settings);
    this.queue = new SendQueue(
      settings.deliveryConcurrency,
      (outgoing) => this.send(outgoing),
      () => wake.local(),
    );
  }

  /** Outcomes cannot be written as fast as they come. */
  get isBehind(): boolean {
    return this.settle.backlog > this.settings.deliveryConcurrency * MAX_BACKLOG_FACTOR;
  }

  /**
   * Has them sent as soon as there are slots for them.
   *
   * @param claimedAt - When their claim began, on the monotonic clock: from then on their leases are counted.
   */
  async sendAll({ claimed, data }: Ready, claimedAt: number): Promise<void> {
    if (claimed.length === 0) return;
    const later = new Set<ClaimedDelivery>();
    try {
      const away = await this.keys.prepare(claimed.flatMap(({ secretIds }) => secretIds));
      if (away.size > 0)
        for (const delivery of claimed) if (delivery.secretIds.some((id) => away.has(id))) later.add(delivery);
    } catch (error) {
      await this.release(claimed);
      throw error;
    }
    if (later.size > 0) await this.postpone([...later], new SecretsAwayError().message);
    const late: ClaimedDelivery[] = [];
    const bodies = new Map<string, Buffer>();
    for (const delivery of claimed) {
      if (later.has(delivery)) continue;
      if (claimedAt <= (this.givenBackAt.get(delivery.webhookId) ?? -Infinity)) {
        late.push(delivery);
        continue;
      }
      const text = data.get(delivery.eventId);
      if (!text) {
        // The last gate before an empty payload is sent. Its lease brings it to its end.
        this.logger.error(`Delivery ${delivery.id} could not be sent: its payload was erased`);
        continue;
      }
      const isTransformed = this.transformed.isFor(delivery);
      const format = isTransformed ? DATA_ALONE : delivery.format;
      const key = `${format}/${delivery.eventId}`;
      let body = bodies.get(key);
      if (!body) bodies.set(key, (body = bodyOf(delivery, text, format, this.source)));
      this.queue.add({
        webhookId: delivery.webhookId,
        maxInFlight: delivery.maxInFlight,
        // What waits here when this process dies has failed, where it may be sent once at most.
        paced: delivery.paced || delivery.guarantee === 'at-most-once',
        bytes: body.length,
        delivery,
        body,
        isTransformed,
        claimedAt,
      });
    }
    await this.release(late);
  }

  /**
   * Gives back what was claimed of these webhooks and is not sent yet, and what a claim that began before now brings:
   * for when it is on disk that they pause, or are no more. Requests in flight are left alone. Returns how many waited.
   */
  async giveBack(webhookIds: Iterable<string>): Promise<number> {
    const now = monotonicNow();
    const waiting: ClaimedDelivery[] = [];
    for (const webhookId of new Set(webhookIds)) {
      this.givenBackAt.delete(webhookId);
      this.givenBackAt.set(webhookId, now);
      waiting.push(...this.queue.takeBack(webhookId).map(({ delivery }) => delivery));
    }
    for (const [webhookId, at] of this.givenBackAt) {
      if (now - at <= MAX_HELD_MS) break;
      this.givenBackAt.delete(webhookId);
    }
    await this.release(waiting);
    return waiting.length;
  }

  /**
   * Gives back what has waited here for too long, and would not be sent any more: slots may be held for minutes, and a lease that
   * ends unseen is an attempt of unknown outcome, though no byte has left. Looks once a second, however often it is asked.
   */
  async giveBackOverdue(): Promise<void> {
    const now = monotonicNow();
    if (now - this.lookedForOverdueAt < OVERDUE_LOOK_MS) return;
    this.lookedForOverdueAt = now;
    await this.release(
      this.queue.takeOverdue(({ claimedAt }) => now - claimedAt > MAX_HELD_MS).map(({ delivery }) => delivery),
    );
  }

  /** Starts nothing more: gives back what waits; requests in flight end, up to the shutdown timeout, and outcomes are written. */
  async stop(): Promise<void> {
    await this.release(this.queue.stop().map(({ delivery }) => delivery));
    await this.queue.idle(this.settings.shutdownTimeoutMs);
    await this.settle.drain();
  }

  /** Sends, judges and hands over to be settled. Resolves with how long the receiver took; never rejects. */
  private async send({ delivery, body: given, isTransformed, claimedAt }: Outgoing): Promise<number> {
    try {
      const body = isTransformed ? await this.transform(delivery, given.toString(), claimedAt) : given;
      if (!body) return 0;
      // It may have waited, or the process have stood still: a send must end before its lease does, or another repeats it.
      // One that is worth nothing any more ends at its next claim.
      const waitedMs = monotonicNow() - claimedAt;
      if (waitedMs > MAX_HELD_MS || waitedMs >= delivery.expiresInMs) {
        await this.release([delivery]);
        return 0;
      }
      const secrets = this.keys.of(delivery.secretIds);
      if (secrets.length === 0)
        throw new Error('none of its signing secrets can be read, and nothing goes out unsigned');
      const startedAt = this.clock();
      const began = monotonicNow();
      const asked = this.access.of(delivery);
      const access = asked instanceof Promise ? await asked : asked;
      const opened = this.customHeaders.of(delivery.webhookId, delivery.headersBox);
      const custom = opened instanceof Promise ? await opened : opened;
      const timestampSeconds = Math.floor(startedAt / 1_000);
      // Waited for even where it is there at once: so those that begin in one turn are all signed, and then all sent.
      const signatures = await this.signatures.of(unsignedRequest(delivery, body, timestampSeconds), secrets);
      const span = beginAttempt(delivery, startedAt);
      const request = signedRequest(
        delivery,
        body,
        signatures,
        timestampSeconds,
        access.headers.length === 0 ? custom : [...custom, ...access.headers],
        headersOf(delivery, delivery.format, this.source),
        this.settings.forwardTraceparent ? (span?.traceparent ?? delivery.traceparent ?? undefined) : undefined,
      );
      const exchange = (): Promise<TransportResult> => this.exchange(delivery, request, access, began);
      const result = await (span ? inSpan(span, exchange, attemptEnd) : exchange());
      // Answers are read one after the other, and then all recorded, which frees the slots for the next ones.
      await endOfTurn();
      const mayRenew = result.httpStatus === UNAUTHORIZED && this.access.refused(delivery.webhookId, access);
      this.record(delivery, request.loggedHeaders, result, startedAt, claimedAt, mayRenew);
      return result.durationMs;
    } catch (error) {
      if (error instanceof SecretsAwayError || error instanceof UnsignedError) {
        await this.postpone([delivery], error.message);
        return 0;
      }
      // Its lease brings it back.
      this.logger.error(`Delivery ${delivery.id} could not be sent: ${(error as Error).message}`);
      return 0;
    }
  }

  /** What is sent in the place of an event; `undefined`: that failed, and with it the attempt. */
  private async transform(delivery: ClaimedDelivery, data: string, claimedAt: number): Promise<Buffer | undefined> {
    const startedAt = this.clock();
    const since = monotonicNow();
    try {
      return await this.transformed.of(delivery, data);
    } catch (error) {
      if (!(error instanceof TransformationError)) throw error;
      const durationMs = Math.round(monotonicNow() - since);
      const result = { outcome: 'transformation_error', error: error.message, durationMs, sent: false } as const;
      this.record(delivery, '{}', result, startedAt, claimedAt, false);
      return undefined;
    }
  }

  /** One deadline covers obtaining a token and the request itself. */
  private async exchange(
    { tenantId, webhookId, id: deliveryId, url, timeoutMs: deadlineMs }: ClaimedDelivery,
    { headers, body }: SignedRequest,
    { failure, ownTls: tls }: Access,
    began: number,
  ): Promise<TransportResult> {
    if (failure) return { ...failure, sent: false };
    const spentMs = monotonicNow() - began;
    const timeoutMs = Math.max(1, deadlineMs - spentMs);
    const result = await this.transport.post({
      tenantId,
      webhookId,
      deliveryId,
      url,
      headers,
      body,
      timeoutMs,
      tls,
    });
    const beforeMs = Math.round(spentMs);
    if (beforeMs === 0 && result.timing?.waitMs !== undefined) return result;
    const timing = result.timing && { ...result.timing, waitMs: (result.timing.waitMs ?? 0) + beforeMs };
    return { ...result, durationMs: result.durationMs + beforeMs, timing };
  }

  /** @param mayRenew - The receiver refused a token that can be renewed: that is tried again, as if it had not answered. */
  private record(
    delivery: ClaimedDelivery,
    requestHeaders: string,
    result: TransportResult,
    startedAt: number,
    claimedAt: number,
    mayRenew: boolean,
  ): void {
    const retryAfterMs = this.retryAfter(result, delivery.policy.maxWaitMs);
    const leftMs = delivery.expiresInMs - (monotonicNow() - claimedAt);
    const judged: TransportResult = mayRenew ? { ...result, outcome: 'protocol_error', httpStatus: undefined } : result;
    const verdict = this.retries.judge({ ...judged, retryAfterMs }, delivery, leftMs);
    // A receiver that is asked too much means all of it, not this one delivery.
    const pauseMs =
      retryAfterMs ?? (result.httpStatus === TOO_MANY_REQUESTS ? unnamedWait(delivery.policy) : undefined);
    const holds = pauseMs !== undefined || verdict.gone === true;
    const leaseEndsAt = claimedAt + delivery.timeoutMs + LEASE_MARGIN_MS;
    // Given back at once, they would be claimed again before the table tells that they have to wait.
    if (holds) this.queue.hold(delivery.webhookId, leaseEndsAt);
    this.settle.add({
      delivery,
      pauseMs,
      holds,
      verdict,
      attempt: {
        startedAt: new Date(startedAt),
        durationMs: result.durationMs,
        outcome: result.outcome,
        httpStatus: result.httpStatus,
        error: result.error,
        url: delivery.url,
        requestHeaders,
        responseHeaders: result.headers && JSON.stringify(result.headers),
        responseBody: result.body,
        timing: result.timing && timingText(result.timing),
      },
      leaseEndsAt,
    });
  }

  /** Has them come again in a while, as if they had not been tried; where that fails, their leases do it. */
  private async postpone(deliveries: readonly ClaimedDelivery[], why: string): Promise<void> {
    this.logger.warn(`${deliveries.length} deliveries wait to be signed: ${why}`);
    await this.claims.postpone(deliveries, UNSIGNED_MS).catch(() => undefined);
  }

  /** Gives back what was claimed and will not be sent from here; where that fails, its lease does it. */
  private release(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    return this.claims.release(deliveries).catch(() => undefined);
  }

  private retryAfter(
    { httpStatus, headers }: TransportResult,
    ceilingMs: number = MAX_RETRY_AFTER_MS,
  ): number | undefined {
    if (httpStatus === undefined || !MAY_ASK_TO_WAIT.has(httpStatus)) return undefined;
    const value = headers?.['retry-after'];
    return typeof value === 'string' ? parseRetryAfter(value, this.clock(), ceilingMs) : undefined;
  }
}
