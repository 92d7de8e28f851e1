// Reads the JSON body of an API request once the caller is known: strangers cannot make us buffer anything. Under a host
// whose parser came first it only judges what was parsed. Refuses what is not one JSON object in UTF-8 within its limit.
import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidError, PosthornError, ValidationFailedError } from '../../kernel/errors.js';
import { isTooDeep, isValueTooDeep, MAX_DEPTH } from '../../kernel/json-depth.js';
import { principalOf } from '../access/index.js';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { BodyRoom, BodyRoomError } from './body-room.js';
import { pathOf } from './exchange.js';
import { GatheredBytes } from './gathered-bytes.js';

/** Room around the data of one event: its type, keys, and white space. */
const ENVELOPE_BYTES = 65_536;
const BATCH_BODY_BYTES = 10_485_760;
const BATCH_PATH = /\/api\/events\/batch\/?$/i;

type ApiRequest = IncomingMessage & { url: string; method: string; originalUrl?: string; body?: unknown };

@Injectable()
export class JsonBodyGuard implements CanActivate {
  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly room: BodyRoom,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<ApiRequest>();
    if (!['POST', 'PUT', 'PATCH'].includes(request.method) || !hasBody(request)) return true;
    judgeHeaders(request);
    if (request.body === undefined && !request.readableEnded)
      request.body = parse(await this.read(request, http.getResponse<ServerResponse>()));
    else if (isValueTooDeep(request.body)) throw tooDeep();
    if (typeof request.body !== 'object' || request.body === null || Array.isArray(request.body))
      throw new ValidationFailedError(['the body must be a JSON object']);
    return true;
  }

  /** What is read has its room until it is answered, for it is held until then. */
  private read(request: ApiRequest, response: ServerResponse): Promise<Buffer> {
    // It may have gone while it was asked who it is; no event would tell.
    if (request.destroyed || response.closed) throw aborted();
    const mayGrow = this.room.enter(principalOf(request)?.tenantId ?? '', response);
    return read(request, this.limitOf(request), mayGrow);
  }

  private limitOf(request: ApiRequest): number {
    const single = this.settings.maxEventSize + ENVELOPE_BYTES;
    return BATCH_PATH.test(pathOf(request)) ? Math.max(single, BATCH_BODY_BYTES) : single;
  }
}

const hasBody = ({ headers }: ApiRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function judgeHeaders({ headers }: ApiRequest): void {
  const [mediaType, ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const refuse = (sentence: string): PosthornError =>
    new PosthornError('unsupported_media_type', 'unsupported_media_type', sentence);
  if (mediaType !== 'application/json') throw refuse('Send the body as application/json.');
  if (charset !== undefined && !/^"?(?:utf-8|utf8|us-ascii)"?$/.test(charset))
    throw refuse('JSON is written in UTF-8.');
  if (!/^(?:identity)?$/i.test(headers['content-encoding'] ?? '')) throw refuse('Send the body uncompressed.');
}

/** The whole body; what exceeds the limit is not kept, and the answer goes out while the rest is discarded. */
function read(request: ApiRequest, limit: number, mayGrow: (bytes: number) => boolean): Promise<Buffer> {
  const tooLarge = (): PosthornError =>
    new PosthornError('too_large', 'payload_too_large', `The body may have at most ${limit} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const gathered = new GatheredBytes(limit, Number(request.headers['content-length'] ?? Number.NaN));
    const settle = (outcome: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('close', onAbort).off('error', onAbort);
      // Without a listener a late error of a broken connection would end the process.
      request.on('error', () => undefined).resume();
      outcome();
    };
    const onData = (chunk: Buffer): void => {
      if (!gathered.takes(chunk)) settle(() => reject(tooLarge()));
      else if (!gathered.add(chunk, mayGrow)) settle(() => reject(new BodyRoomError()));
    };
    const onEnd = (): void => settle(() => resolve(gathered.bytes));
    const onAbort = (): void => settle(() => reject(aborted()));
    request.on('data', onData).on('end', onEnd).on('close', onAbort).on('error', onAbort);
  });
}

// fatal: a decoder that puts U+FFFD for broken bytes would store something nobody sent.
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(bytes: Buffer): unknown {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new InvalidError('malformed_json', 'The body is not valid JSON.');
  }
  if (isTooDeep(text)) throw tooDeep();
  return value;
}

const aborted = (): InvalidError => new InvalidError('request_aborted', 'The request ended before its body.');

const tooDeep = (): InvalidError =>
  new InvalidError('malformed_json', `The body is nested deeper than ${MAX_DEPTH} levels.`);
