// One HTTP exchange with a receiver we do not trust: kept-alive connections behind the egress guard, one deadline over
// everything, a bounded answer, no redirects, no decompression, no retry of its own.
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import { EgressPolicy } from '../../kernel/egress-policy.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { createEgressConnector } from '../../platform/egress/index.js';
import { unseen } from '../../platform/observability/index.js';
import type { AttemptTiming } from './attempt-timing.js';
import { CertifiedConnections } from './certified-connections.js';
import type { ClientTls } from './certified-connections.js';
import { Connections } from './connections.js';
import type { Line } from './connections.js';
import type { AttemptOutcome } from '../delivery-status.js';
import { outcomeOfStatus } from './outcome.js';
import { Transport } from './transport.js';
import type { TransportRequest, TransportResult } from './transport.js';

/** Of an answer's body: this much is read (the connection is cut after it), this much is kept. */
const MAX_READ_BYTES = 65_536;
const MAX_KEPT_BYTES = 4_096;

/** Parsed URLs that are kept. */
const MAX_TARGETS = 10_000;

interface Target {
  readonly origin: string;
  readonly path: string;
}

/** What of a request it looks at. */
type Posted = Pick<TransportRequest, 'url' | 'headers' | 'body' | 'timeoutMs' | 'tls'>;

/**
 * Carries requests by HTTP, as every request is unless the application has a {@link Transport} of its own, which may inject this one.
 * It obeys the egress policy and `EGRESS_PROXY`, follows no redirect, and decompresses nothing; 64 KiB of an answer are read, 4 KiB kept.
 */
@Injectable()
export class HttpTransport extends Transport implements OnApplicationShutdown {
  private readonly connections: Connections;
  private readonly certified: CertifiedConnections;
  private readonly targets = new BoundedMap<string, Target>(MAX_TARGETS);

  constructor(policy: EgressPolicy, @Inject(SETTINGS_TOKEN) settings: Settings) {
    super();
    const { egressProxy } = settings;
    const proxy = egressProxy === undefined ? undefined : new URL(egressProxy);
    const connectorOf = (tls: ClientTls = {}) => createEgressConnector(policy, { proxy, ...tls });
    this.connections = new Connections(connectorOf());
    this.certified = new CertifiedConnections(connectorOf);
  }

  /** POSTs and resolves at the latest when the deadline is over; never rejects. */
  override post(request: Posted): Promise<TransportResult> {
    const connections = request.tls ? this.certified.of(request.tls) : this.connections;
    return this.exchange(connections, request, MAX_KEPT_BYTES);
  }

  /** POSTs for the sake of the answer, whose body is kept as far as it is read. */
  ask(url: string, headers: readonly string[], body: Buffer, timeoutMs: number): Promise<TransportResult> {
    return this.exchange(this.connections, { url, headers, body, timeoutMs }, MAX_READ_BYTES);
  }

  private exchange(
    connections: Connections,
    { url, headers, body, timeoutMs }: Posted,
    keptBytes: number,
  ): Promise<TransportResult> {
    return new Promise((resolve) => {
      const exchange = new Exchange(timeoutMs, keptBytes, resolve);
      try {
        const { origin, path } = this.target(url);
        // undici's type asks to be allowed to write; it only reads.
        const request = { path, method: 'POST', headers: headers as string[], body } as const;
        unseen(() => connections.dispatch(origin, request, timeoutMs, (line) => exchange.over(line)));
      } catch (error) {
        exchange.fail(error);
      }
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.connections.destroy(), this.certified.destroy()]);
  }

  /** Parsed once for many requests. */
  private target(url: string): Target {
    let target = this.targets.get(url);
    if (!target) {
      const { origin, pathname, search } = new URL(url);
      this.targets.set(url, (target = { origin, path: pathname + search }));
    }
    return target;
  }
}

/** One request and its answer, as undici reports them. */
class Exchange implements Dispatcher.DispatchHandler {
  private readonly startedAt = monotonicNow();
  private readonly deadline: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | undefined;
  /** Milliseconds after the start: when the request began to be written, and when the head of the answer was there. */
  private sentAfter: number | undefined;
  private answeredAfter: number | undefined;
  private httpStatus: number | undefined;
  private headers: TransportResult['headers'];
  private readonly kept: Buffer[] = [];
  private keptBytes = 0;
  private readBytes = 0;
  /** The answer has told that its body is longer than what is read. */
  private tooLong = false;
  private done = false;
  private line: Line | undefined;

  constructor(
    timeoutMs: number,
    private readonly maxKeptBytes: number,
    private readonly resolve: (result: TransportResult) => void,
  ) {
    this.deadline = setTimeout(() => this.finish('timeout', 'timeout'), timeoutMs);
  }

  /** This exchange, which hands back its connection when it is over: later than its deadline, where a connection hangs. */
  over(line: Line): this {
    this.line = line;
    return this;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Connected only after the deadline: nothing may be sent any more. undici calls this before it writes the first byte,
    // and writes none after an abort.
    if (this.done) controller.abort(new Error('deadline'));
    else {
      this.controller = controller;
      this.sentAfter = this.elapsedMs();
    }
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return;
    this.answeredAfter = this.elapsedMs();
    this.httpStatus = statusCode;
    this.headers = headers;
    this.tooLong = Number(headers['content-length']) > MAX_READ_BYTES;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.readBytes += chunk.length;
    if (this.keptBytes < this.maxKeptBytes) {
      // Copied: a slice would keep the whole chunk alive.
      const part = Buffer.from(chunk.subarray(0, this.maxKeptBytes - this.keptBytes));
      this.kept.push(part);
      this.keptBytes += part.length;
    }
    const isEnough = this.tooLong && this.keptBytes === this.maxKeptBytes;
    if (isEnough || this.readBytes > MAX_READ_BYTES) this.finish(undefined, 'body_cut');
  }

  onResponseEnd(): void {
    this.finish();
    this.handBack();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
    this.handBack();
  }

  /** The exchange broke. Once a status line was read, the status decides, whatever happened to the body after it. */
  fail(error: unknown): void {
    const code = errorCode(error);
    this.finish(outcomeOfError(code), code);
  }

  private handBack(): void {
    this.line?.release();
    this.line = undefined;
  }

  private finish(outcomeWithoutStatus?: AttemptOutcome, error?: string): void {
    if (this.done) return;
    this.done = true;
    clearTimeout(this.deadline);
    const durationMs = this.elapsedMs();
    const timing = this.timing(durationMs);
    if (error !== undefined) this.controller?.abort(new Error(error));
    this.resolve({
      outcome:
        this.httpStatus === undefined ? (outcomeWithoutStatus ?? 'protocol_error') : outcomeOfStatus(this.httpStatus),
      durationMs,
      httpStatus: this.httpStatus,
      error,
      sent: this.controller !== undefined,
      headers: this.headers,
      body: this.keptBytes > 0 ? Buffer.concat(this.kept, this.keptBytes) : undefined,
      timing,
    });
  }

  /** Whole milliseconds, and differences of such: the phases never last longer than the whole. */
  private elapsedMs(): number {
    return Math.round(monotonicNow() - this.startedAt);
  }

  private timing(durationMs: number): AttemptTiming {
    const openingSince = this.line?.openingSince;
    const sentAfter = this.sentAfter ?? durationMs;
    const waitMs = openingSince === undefined ? sentAfter : Math.round(openingSince - this.startedAt);
    const answeredAfter = this.answeredAfter ?? durationMs;
    return {
      waitMs,
      connectMs: openingSince === undefined ? undefined : sentAfter - waitMs,
      firstByteMs: this.sentAfter === undefined ? undefined : answeredAfter - sentAfter,
      bodyMs: this.answeredAfter === undefined ? undefined : durationMs - answeredAfter,
    };
  }
}

function errorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code.slice(0, 64);
  // undici loses llhttp's code of an answer that is no HTTP (it looks it up the wrong way round).
  return name === 'HTTPParserError' ? 'HPE_INVALID' : 'UNKNOWN';
}

/** Classified by code, never by class or text. */
function outcomeOfError(code: string): AttemptOutcome {
  if (code === 'EGRESS_DENIED') return 'egress_denied';
  if (/^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL|EDNS)/.test(code)) return 'dns_error';
  if (/^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/.test(code))
    return 'timeout';
  if (code === 'PROXY_TIMEOUT') return 'timeout';
  if (/^(?:PROXY_|ECONN|EPIPE|EHOST|ENET|EADDR|UND_ERR_SOCKET|EMFILE)/.test(code)) return 'connection_error';
  if (/CERT|^ERR_TLS|^ERR_SSL|^EPROTO|SELF_SIGNED|UNABLE_TO_/.test(code)) return 'tls_error';
  return 'protocol_error';
}
