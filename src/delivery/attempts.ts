// One attempt at a delivery that is ours: body, signature, request, verdict, and over to be settled. Which deliveries, and when,
// is the sender's part.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import { endOfTurn } from '../kernel/end-of-turn.js';
import { MAX_RETRY_AFTER_MS, parseRetryAfter, unnamedWait } from '../kernel/retry-schedule.js';
import type { Secret } from '../kernel/secret.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { inSpan, SparingLog } from '../platform/observability/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { SecretsAwayError } from '../platform/secrets/index.js';
import { EvaluatorBusyError, TransformationError } from '../registry/index.js';
import { attemptEnd, beginAttempt } from './attempt-span.js';
import { timingText } from './transport/attempt-timing.js';
import { ClaimRelease } from './claim/claim-release.js';
import { LEASE_MARGIN_MS, MAX_HELD_MS } from './claim/claim.statements.js';
import type { ClaimedDelivery } from './claim/claimed-delivery.js';
import { CustomHeaders } from './access/custom-headers.js';
import { withoutEchoes } from './access/echoes.js';
import { EndpointAccess } from './access/endpoint-access.js';
import type { Access } from './access/endpoint-access.js';
import { MAY_ASK_TO_WAIT } from './transport/outcome.js';
import { headersOf, sourceOf } from './events/payload-format.js';
import { signedRequest, unsignedRequest } from './request.js';
import type { SignedRequest } from './request.js';
import { RetryJudge } from './retry/retry-judge.js';
import { SettleBatch } from './settle/settle.js';
import { Signatures, UnsignedError } from './signing/signatures.js';
import { TransformedBodies } from './events/transformed-bodies.js';
import type { TransformedBody } from './events/transformed-bodies.js';
import { Transport } from './transport/transport.js';
import type { TransportResult } from './transport/transport.js';

const UNAUTHORIZED = 401;
const TOO_MANY_REQUESTS = 429;

/** A delivery on its way out. */
export interface Outgoing {
  readonly delivery: ClaimedDelivery;
  /** What signs it, newest first: carried along, so that nothing that is claimed meanwhile can take it away. */
  readonly secrets: readonly Secret[];
  /** What is sent; or the data of the event, of which that is to be made. */
  readonly body: Buffer;
  readonly isTransformed: boolean;
  /** When its claim began, on the monotonic clock. */
  readonly claimedAt: number;
}

/** An attempt that is to be judged and settled. */
interface Ended extends Pick<Outgoing, 'delivery' | 'claimedAt'> {
  /** By the process clock. */
  readonly startedAt: number;
  /** As `SignedRequest.loggedHeaders`. */
  readonly requestHeaders: string;
  readonly result: TransportResult;
  /** The receiver refused a token that can be renewed: that is tried again, as if it had not answered. */
  readonly mayRenew?: boolean;
}

/** An attempt that was made. */
interface Made {
  /** Milliseconds that the receiver took. */
  readonly tookMs: number;
  /** On the monotonic clock: nothing more of its webhook may start before, unless the outcome is on disk. */
  readonly heldUntil?: number;
}

/** If one delivery of a webhook cannot be signed, the next ones mostly cannot either. Without this pause its whole backlog would be tried. */
export const UNSIGNED_HOLD_MS = 1_000;

/** If one event of a webhook waits in vain for its turn to be transformed, so would the next. Meanwhile other webhooks of the tenant have theirs. */
const UNTRANSFORMED_HOLD_MS = 5_000;

const NOT_SENT: Made = { tookMs: 0 };

/** Obtaining a token took the whole deadline. */
const TOO_LATE = { outcome: 'timeout', error: 'The deadline passed before the request was sent', sent: false } as const;

@Injectable()
export class Attempts {
  private readonly logger = new Logger('Delivery');
  /** By tenant: the whole backlog of one may wait, and comes back every few seconds. */
  private readonly waiting = new SparingLog((line) => this.logger.warn(line));
  /** By webhook: what cannot be sent once comes back with its lease, and so does all behind it. */
  private readonly failing = new SparingLog((line) => this.logger.error(line));
  /** Who we are in CloudEvents. */
  private readonly source: string;

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly claimed: ClaimRelease,
    private readonly signatures: Signatures,
    private readonly customHeaders: CustomHeaders,
    private readonly access: EndpointAccess,
    private readonly transport: Transport,
    private readonly retries: RetryJudge,
    private readonly settle: SettleBatch,
    private readonly transformed: TransformedBodies,
  ) {
    this.source = sourceOf(settings);
  }

  /** Sends, judges and hands over to be settled. Never rejects. */
  async make({ delivery, secrets, body: given, isTransformed, claimedAt }: Outgoing): Promise<Made> {
    try {
      const written = isTransformed
        ? await this.transform(delivery, given.toString(), claimedAt)
        : { body: given, format: delivery.format };
      if ('tookMs' in written) return written;
      const { body, format } = written;
      // It may have waited for long, or the process may have stood still. A request must end before its lease does, or another
      // process sends it too. One that is not worth sending any more ends at its next claim.
      const waitedMs = monotonicNow() - claimedAt;
      if (waitedMs > MAX_HELD_MS || waitedMs >= delivery.expiresInMs) {
        await this.claimed.release([delivery]);
        return NOT_SENT;
      }
      if (secrets.length === 0)
        throw new Error('none of its signing secrets can be read, and nothing goes out unsigned');
      const startedAt = this.clock();
      const began = monotonicNow();
      const asked = this.access.of(delivery);
      const access = asked instanceof Promise ? await asked : asked;
      const opened = this.customHeaders.of(delivery.webhookId, delivery.headersBox);
      const custom = opened instanceof Promise ? await opened : opened;
      const timestampSeconds = Math.floor(startedAt / 1_000);
      // Awaited even if it is there at once: of the attempts that begin in one turn, first all are signed, then all are sent.
      const signatures = await this.signatures.of(unsignedRequest(delivery, body, timestampSeconds), secrets);
      const span = beginAttempt(delivery, startedAt);
      const own = access.headers.length === 0 ? custom : [...custom, ...access.headers];
      const traceparent = this.settings.forwardTraceparent ? (span?.traceparent ?? delivery.traceparent) : null;
      const request = signedRequest(delivery, {
        body,
        payload: headersOf(delivery, format, this.source),
        timestampSeconds,
        signatures,
        custom: own,
        traceparent: traceparent ?? undefined,
      });
      const exchange = (): Promise<TransportResult> => this.exchange(delivery, request, access, began);
      const result = withoutEchoes(await (span ? inSpan(span, exchange, attemptEnd) : exchange()), own);
      // First all answers of this turn are read. Then all are recorded, which frees the slots for the next ones.
      await endOfTurn();
      const mayRenew = result.httpStatus === UNAUTHORIZED && this.access.refused(delivery.webhookId, access);
      const requestHeaders = request.loggedHeaders;
      const heldUntil = this.record({ delivery, claimedAt, startedAt, requestHeaders, result, mayRenew });
      return { tookMs: result.durationMs, heldUntil };
    } catch (error) {
      if (error instanceof SecretsAwayError || error instanceof UnsignedError) {
        await this.claimed.postpone([delivery], error.message);
        return { ...NOT_SENT, heldUntil: monotonicNow() + UNSIGNED_HOLD_MS };
      }
      // Its lease brings it back.
      this.failing.note(
        delivery.webhookId,
        () => `Delivery ${delivery.id} could not be sent: ${(error as Error).message}`,
      );
      return NOT_SENT;
    }
  }

  /** What is sent in the place of an event; or, where there is nothing to send, what came of the attempt. */
  private async transform(delivery: ClaimedDelivery, data: string, claimedAt: number): Promise<TransformedBody | Made> {
    const startedAt = this.clock();
    const since = monotonicNow();
    try {
      return await this.transformed.of(delivery, data);
    } catch (error) {
      const tookMs = monotonicNow() - since;
      if (error instanceof EvaluatorBusyError) {
        this.waiting.note(
          delivery.tenantId,
          () =>
            `Delivery ${delivery.id} of tenant ${delivery.tenantId} waits: the turn of its transformation has not come.`,
        );
        await this.claimed.release([delivery]);
        return { tookMs, heldUntil: monotonicNow() + UNTRANSFORMED_HOLD_MS };
      }
      if (!(error instanceof TransformationError)) throw error;
      const result = {
        outcome: 'transformation_error',
        error: error.message,
        durationMs: Math.round(tookMs),
        sent: false,
      } as const;
      return { tookMs, heldUntil: this.record({ delivery, claimedAt, startedAt, requestHeaders: '{}', result }) };
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
    // Whole: a transport may hand it on to what takes nothing else, such as AbortSignal.timeout().
    const timeoutMs = Math.ceil(deadlineMs - spentMs);
    if (timeoutMs <= 0) return { ...TOO_LATE, durationMs: Math.round(spentMs) };
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

  /** Returns until when, on the monotonic clock, nothing more of its webhook may start unless this is on disk before. */
  private record({ delivery, claimedAt, startedAt, requestHeaders, result, mayRenew }: Ended): number | undefined {
    const retryAfterMs = this.retryAfter(result, delivery.policy.maxWaitMs);
    const leftMs = delivery.expiresInMs - (monotonicNow() - claimedAt);
    const judged: TransportResult = mayRenew ? { ...result, outcome: 'protocol_error', httpStatus: undefined } : result;
    const verdict = this.retries.judge({ ...judged, retryAfterMs }, delivery, leftMs);
    // A receiver that gets too many requests means all of them, not this one delivery.
    const pauseMs =
      retryAfterMs ?? (result.httpStatus === TOO_MANY_REQUESTS ? unnamedWait(delivery.policy) : undefined);
    // A probe that failed pauses its webhook again. No claim knows that before it is on disk.
    const failedProbe = delivery.isProbe && judged.outcome !== 'success';
    const holds = pauseMs !== undefined || verdict.gone === true || failedProbe;
    const leaseEndsAt = claimedAt + delivery.timeoutMs + LEASE_MARGIN_MS;
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
    return holds ? leaseEndsAt : undefined;
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
