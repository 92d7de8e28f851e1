// The bytes of a request exactly as they came, for the routes that a signature is verified on, without any help from the
// host's main.ts: body parsers come before module middleware, so the reader takes its place before Nest adds them.
// What is too large, too slow or too much at once is refused while it streams, before anything was believed.
import { Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdOf } from './exchange.js';
import type { HttpRequest } from './exchange.js';
import { GatheredBytes } from './gathered-bytes.js';
import { routeFinder } from './route-finder.js';
import type { RoutedByPost, RouteFinder } from './route-finder.js';

/** How a request is turned away before Nest sees it. */
interface EarlyRefusal {
  readonly status: number;
  readonly error: string;
  readonly retryAfterSeconds?: number;
}

/** Whether the body of a request is read at all, up to how much, and what its reader will want to know. */
export type Admission<Context> =
  | {
      readonly admitted: true;
      readonly limitBytes: number;
      /** How long the body may take. */
      readonly deadlineMs: number;
      readonly context: Context;
    }
  | { readonly admitted: false; readonly refusal: EarlyRefusal };

/** Which routes get their bytes, and within which bounds. */
interface RawRoutes<Context> {
  /** A route parameter that only these routes have: it marks them, whatever prefix or version the host puts before them. */
  readonly parameter: string;
  /** Most bytes held at once by all requests whose body was not released yet. */
  readonly budgetBytes: number;
  /** Asked before anything is read; must not throw. The stream waits meanwhile. */
  admit(parameters: Readonly<Record<string, string>>, request: HttpRequest): Promise<Admission<Context>>;
  /** Told of a body that was admitted and then turned away. */
  refused?(context: Context, why: BodyRefusal, request: HttpRequest): void;
}

/** A body that was read. */
export interface RawBody<Context> {
  readonly bytes: Buffer;
  readonly context: Context;
  /** Gives its room in the budget back: the bytes are believed now. Happens by itself when the response is over. */
  release(): void;
}

/** Why a body was not read to its end, though somebody still waits for an answer. */
type BodyRefusal = 'too_large' | 'too_busy' | 'too_slow';

type ReadOutcome = { readonly bytes: Buffer } | BodyRefusal | 'aborted';

const REFUSALS: Record<BodyRefusal, EarlyRefusal> = {
  too_large: { status: 413, error: 'Payload too large' },
  too_busy: { status: 503, error: 'Too busy', retryAfterSeconds: 5 },
  too_slow: { status: 408, error: 'Request timeout' },
};

/** How much of a refused body is discarded, and for how long: a sender that writes fast looks for an answer late. */
const DISCARD_BYTES = 16_777_216;
const DISCARD_MS = 500;

/** Reads the bodies of its routes; made in the constructor of a provider, so that it is there before the application is. */
export class RawBodies<Context> {
  private readonly logger = new Logger('RawBodies');
  private readonly read = new WeakMap<object, RawBody<Context>>();
  private readonly budget: ByteBudget;

  constructor(
    host: HttpAdapterHost,
    private readonly routes: RawRoutes<Context>,
  ) {
    this.budget = new ByteBudget(routes.budgetBytes);
    host.init$.subscribe(() => this.attach(host.httpAdapter));
  }

  /** The body of a request that these routes admitted. */
  of(request: object): RawBody<Context> | undefined {
    return this.read.get(request);
  }

  private attach(adapter: HttpAdapterHost['httpAdapter'] | undefined): void {
    // An application context without HTTP has no adapter.
    if (typeof adapter?.getType !== 'function') return;
    if (adapter.getType() === 'express') this.attachToExpress(adapter.getInstance<ExpressApplication>());
    else this.logger.warn(`Webhooks cannot be received on ${adapter.getType()}: only Express is supported.`);
  }

  private attachToExpress(app: ExpressApplication): void {
    let find: RouteFinder | undefined;
    app.use((request, response, next) => {
      if (request.method !== 'POST') return next();
      // The routes are there by the time of the first request, and do not change after it.
      find ??= routeFinder(app, this.routes.parameter);
      const parameters = find(request.path);
      if (!parameters) return next();
      this.take(request, response, parameters).then((taken) => taken && next(), next);
    });
  }

  /** True when the body was read and the request goes on; otherwise it was answered, or nobody is there to answer. */
  private async take(
    request: IncomingMessage,
    response: ServerResponse,
    parameters: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    if (request.readableDidRead) {
      this.logger.error(
        'A body parser ran before Posthorn, so the bytes that were signed are gone. Add parsers after NestFactory.create(), not to an Express instance that is passed to it.',
      );
      return refuse(request, response, { status: 500, error: 'The body was read before it could be verified' });
    }
    const admission = await this.routes.admit(parameters, request as HttpRequest);
    if (!admission.admitted) return refuse(request, response, admission.refusal);
    const lease = this.budget.open();
    const release = (): void => lease.close();
    response.once('close', release);
    const outcome = await readBytes(request, lease, admission);
    if (outcome === 'aborted') {
      release();
      return false;
    }
    if (typeof outcome === 'string') {
      release();
      this.routes.refused?.(admission.context, outcome, request as HttpRequest);
      return refuse(request, response, REFUSALS[outcome]);
    }
    this.read.set(request, { bytes: outcome.bytes, context: admission.context, release });
    return true;
  }
}

/** The part of Express that is used. */
interface ExpressApplication extends RoutedByPost {
  use(
    handler: (
      request: IncomingMessage & { path: string },
      response: ServerResponse,
      next: (e?: unknown) => void,
    ) => void,
  ): void;
}

/** Bytes held by all requests together; each holds a lease that grows with what it read. */
class ByteBudget {
  private used = 0;

  constructor(private readonly totalBytes: number) {}

  open(): ByteLease {
    let held = 0;
    let open = true;
    return {
      grow: (bytes) => {
        if (!open || this.used + bytes > this.totalBytes) return false;
        this.used += bytes;
        held += bytes;
        return true;
      },
      close: () => {
        this.used -= held;
        held = 0;
        open = false;
      },
    };
  }
}

interface ByteLease {
  grow(bytes: number): boolean;
  close(): void;
}

/**
 * Reads at most `limitBytes`. A declared length over it is refused before anything is read; otherwise the stream is cut
 * at the first byte too many.
 */
function readBytes(
  stream: IncomingMessage,
  lease: ByteLease,
  { limitBytes, deadlineMs }: { limitBytes: number; deadlineMs: number },
): Promise<ReadOutcome> {
  const declared = Number(stream.headers['content-length'] ?? Number.NaN);
  if (declared > limitBytes) return Promise.resolve('too_large');
  // The sender may have gone while the source was looked up; no event would tell.
  if (stream.destroyed) return Promise.resolve('aborted');
  return new Promise((resolve) => {
    const gathered = new GatheredBytes(limitBytes, declared);
    const settle = (outcome: ReadOutcome): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone).pause();
      // An upload that breaks off later, while it is being refused, must not become an unhandled error.
      stream.on('error', () => undefined);
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      if (!gathered.takes(chunk)) settle('too_large');
      else if (!gathered.add(chunk, (bytes) => lease.grow(bytes))) settle('too_busy');
    };
    const onEnd = (): void => settle({ bytes: gathered.bytes });
    const onGone = (): void => settle('aborted');
    const timer = setTimeout(() => settle('too_slow'), deadlineMs);
    stream.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/**
 * Answers before the body was read to its end. Closing at once would reset the connection under a sender that is still
 * writing, and the answer would be lost: so a little more is discarded first.
 */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, error, retryAfterSeconds }: EarlyRefusal,
): false {
  const body = JSON.stringify({ error });
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': requestIdOf(request as HttpRequest),
    ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    Connection: 'close',
  });
  response.write(body);
  let left = DISCARD_BYTES;
  const stop = (): void => {
    clearTimeout(timer);
    request.off('data', discard).off('end', stop).off('close', stop);
    response.end();
  };
  const discard = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) stop();
  };
  const timer = setTimeout(stop, DISCARD_MS);
  request.on('error', () => undefined);
  if (request.complete || request.destroyed) stop();
  else request.on('data', discard).on('end', stop).on('close', stop).resume();
  return false;
}
