// Stands between us and an application's own transport: a slot is given back by the deadline whatever that does, and what it
// answers decides what becomes of deliveries, so it is not taken at its word.
import { Logger } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { inTimeOr } from '../../kernel/in-time.js';
import { SparingLog } from '../../platform/observability/index.js';
import { checkedTiming } from './attempt-timing.js';
import { ATTEMPT_OUTCOMES } from '../delivery-status.js';
import { Transport } from './transport.js';
import type { TransportRequest, TransportResult } from './transport.js';

const MAX_KEPT_BYTES = 4_096;
const MAX_ERROR_LENGTH = 200;

export class CheckedTransport extends Transport {
  private readonly logger = new Logger('Transport');
  /** Of one kind, whatever it says: what is wrong with a transport is mostly wrong for every attempt. */
  private readonly failing = new SparingLog((line) => this.logger.error(line));

  constructor(private readonly own: Transport) {
    super();
  }

  /** Resolves at the latest when the deadline is over; never rejects. */
  override async post(request: TransportRequest): Promise<TransportResult> {
    const since = monotonicNow();
    const durationMs = (): number => Math.round(monotonicNow() - since);
    try {
      const answer = await inTimeOr(this.own.post(request), request.timeoutMs, () => 'late' as const);
      if (answer === 'late') return { outcome: 'timeout', error: 'timeout', durationMs: durationMs(), sent: true };
      return checked(answer, durationMs(), request.timeoutMs);
    } catch (error) {
      const said = error instanceof Error ? error.message : 'what it threw is no error';
      this.failing.note('', () => `The transport failed for delivery ${request.deliveryId}: ${said}`);
      const code = (error as { code?: unknown } | undefined)?.code;
      const known = typeof code === 'string' ? code.slice(0, MAX_ERROR_LENGTH) : 'TRANSPORT_FAILED';
      return { outcome: 'connection_error', error: known, durationMs: durationMs(), sent: true };
    }
  }
}

/** What of an answer is taken. @throws Error where it is none. */
function checked(answer: unknown, tookMs: number, timeoutMs: number): TransportResult {
  const { outcome, httpStatus, error, sent, headers, body, ...took } = (answer ?? {}) as Partial<TransportResult>;
  if (outcome === undefined || !ATTEMPT_OUTCOMES.includes(outcome))
    throw new Error(`it answered the outcome ${JSON.stringify(outcome)}, which there is not`);
  const isStatus = Number.isInteger(httpStatus) && Number(httpStatus) >= 100 && Number(httpStatus) <= 599;
  if (httpStatus !== undefined && !isStatus) throw new Error(`it answered the status ${JSON.stringify(httpStatus)}`);
  const durationMs = isWithin(took.durationMs, timeoutMs) ? Math.round(took.durationMs) : tookMs;
  return {
    outcome,
    durationMs,
    httpStatus,
    error: error === undefined ? undefined : String(error).slice(0, MAX_ERROR_LENGTH),
    sent: sent !== false,
    headers: headers && (JSON.parse(JSON.stringify(headers)) as TransportResult['headers']),
    body: body && Buffer.from(body.subarray(0, MAX_KEPT_BYTES)),
    timing: checkedTiming(took.timing, durationMs),
  };
}

/** Nothing lasts longer than its deadline, and the log has no room for what would. */
const isWithin = (ms: unknown, timeoutMs: number): ms is number => typeof ms === 'number' && ms >= 0 && ms <= timeoutMs;
