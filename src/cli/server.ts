// The API of a Posthorn server, as far as commands ask it.
import type { IncomingMessage } from 'node:http';
import { ask, open } from './http.js';
import type { Io } from './cli.js';
import { FailureError, httpUrl, UsageError } from './usage.js';

/** Bodies of GitHub come up to 25 MiB, and base64 and JSON add to that. */
const MAX_EVENT_BYTES = 67_108_864;
const MAX_REFUSAL_BYTES = 4_096;

const DEFAULT_SERVER = 'http://127.0.0.1:3000';

/** The server says something every 15 seconds. */
const SILENCE_MS = 45_000;

/** What takes its time says nothing until it is done. */
const PATIENCE_MS = 3_600_000;

/** What went wrong may be over in a while: the server was away, or had no room. */
export class AwayError extends FailureError {
  constructor(
    message: string,
    /** How long the server says it takes. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** A received event with everything that came. */
export interface FullEvent {
  readonly id: string;
  readonly provider: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A type of the catalogue. */
export interface EventTypeAnswer {
  readonly name: string;
  readonly description: string | null;
  readonly schema: object | null;
  readonly deprecated: boolean;
  readonly archived: boolean;
}

/** The options by which a command finds its server. */
export const SERVER_OPTIONS = ['server', 'api-key', 'tenant'] as const;

/** The server that the arguments and the environment name; the first variable that is set gives the key. @throws UsageError */
export function serverOf(
  values: Partial<Record<(typeof SERVER_OPTIONS)[number], string>>,
  io: Io,
  variables: readonly string[] = ['POSTHORN_API_KEY'],
): Server {
  const key = values['api-key'] ?? variables.map((name) => io.env[name]).find(Boolean);
  if (!key) throw new UsageError(`There is no API key: set ${variables.join(' or ')}, or give --api-key KEY.`);
  const url = httpUrl('--server', values.server ?? DEFAULT_SERVER);
  return new Server(url, { key, tenant: values.tenant, signal: io.signal });
}

export class Server {
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    readonly url: string,
    { key, tenant, signal }: { key: string; tenant?: string; signal: AbortSignal },
  ) {
    this.#headers = { authorization: `Bearer ${key}`, ...(tenant !== undefined && { 'x-tenant': tenant }) };
    this.signal = signal;
  }

  private readonly signal: AbortSignal;

  /** The stream of what comes in, from an id on where there is one. */
  async stream(source: string | undefined, lastEventId: string | undefined): Promise<IncomingMessage> {
    const query = source === undefined ? '' : `?source=${encodeURIComponent(source)}`;
    const headers = { ...this.#headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
    const answer = await this.away(() =>
      open(this.at(`api/stream${query}`), { headers, silenceMs: SILENCE_MS, signal: this.signal }),
    );
    if (answer.statusCode === 200) return answer;
    let text = '';
    for await (const chunk of answer as AsyncIterable<Buffer>)
      if (text.length < MAX_REFUSAL_BYTES) text += chunk.toString();
    throw refusal(answer.statusCode ?? 0, answer.headers, text);
  }

  /** One event, or `undefined` where it is past its retention. */
  async event(id: string): Promise<FullEvent | undefined> {
    const { status, headers, body } = await this.away(() =>
      ask(this.at(`api/received-events/${encodeURIComponent(id)}`), {
        headers: this.#headers,
        silenceMs: SILENCE_MS,
        signal: this.signal,
        maxBytes: MAX_EVENT_BYTES,
      }),
    );
    if (status === 404) return undefined;
    if (status !== 200) throw refusal(status, headers, body.toString());
    const event = JSON.parse(body.toString()) as FullEvent & { body: string; bodyEncoding: 'utf8' | 'base64' };
    return { ...event, body: Buffer.from(event.body, event.bodyEncoding) };
  }

  /** The whole catalogue. */
  eventTypes(): Promise<EventTypeAnswer[]> {
    return this.all<EventTypeAnswer>('api/event-types');
  }

  /** Everything of a list, page by page. */
  async all<Item>(path: string): Promise<Item[]> {
    const all: Item[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { data: Item[]; nextCursor: string | null } = await this.call(
        'GET',
        `${path}?limit=250${cursor && `&cursor=${cursor}`}`,
      );
      all.push(...page.data);
      cursor = page.nextCursor;
    }
    return all;
  }

  /** Seals every secret anew under the first encryption key. */
  reEncrypt(): Promise<{ readonly reencrypted: number; readonly unreadable: number }> {
    return this.call('POST', 'api/encryption/re-encrypt', undefined, PATIENCE_MS);
  }

  /** One question; what it answers, where that is JSON. @throws FailureError for any answer but 2xx */
  async call<Answer>(method: string, path: string, content?: object, silenceMs = SILENCE_MS): Promise<Answer> {
    const body = content === undefined ? undefined : Buffer.from(JSON.stringify(content));
    const {
      status,
      headers,
      body: said,
    } = await this.away(() =>
      ask(this.at(path), {
        method,
        headers: { ...this.#headers, ...(body && { 'content-type': 'application/json' }) },
        body,
        silenceMs,
        signal: this.signal,
        maxBytes: MAX_EVENT_BYTES,
      }),
    );
    if (status < 200 || status > 299) throw refusal(status, headers, said.toString());
    return (said.length > 0 ? JSON.parse(said.toString()) : undefined) as Answer;
  }

  private at(path: string): string {
    return new URL(path, this.url.endsWith('/') ? this.url : `${this.url}/`).href;
  }

  /** Nothing that an unreachable server does is its last word. */
  private async away<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof FailureError ? new AwayError(error.message) : error;
    }
  }
}

function refusal(status: number, headers: IncomingMessage['headers'], text: string): FailureError {
  const sentence = `The server answers ${status}: ${saidIn(text)}`;
  const retryAfter = Number(headers['retry-after']);
  const retryAfterMs = Number.isInteger(retryAfter) ? retryAfter * 1_000 : undefined;
  return status === 429 || status >= 500 ? new AwayError(sentence, retryAfterMs) : new FailureError(sentence);
}

function saidIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // No answer of ours; what it says is shown as it is.
  }
  return text.slice(0, 200).replaceAll(/\s+/g, ' ').trim() || 'nothing more.';
}
