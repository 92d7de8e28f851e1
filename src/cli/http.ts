// Requests with exactly the headers and bytes that are given: `fetch` would add some and drop others.
import { request as overHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as overHttps } from 'node:https';
import { FailureError } from './usage.js';

/** What is asked. */
interface Ask {
  /** @defaultValue `GET` */
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** How long the connection may be silent. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/**
 * The answer of a server, its body still to come.
 *
 * @throws FailureError where there is none; an AbortError where `signal` says so.
 */
export function open(url: string, { method = 'GET', headers, body, silenceMs, signal }: Ask): Promise<IncomingMessage> {
  const ask = url.startsWith('https:') ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const request = ask(url, {
      method,
      headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
      signal,
      // A connection of its own: a kept one may be closed by the server at the moment it is used again.
      agent: false,
    });
    request.setTimeout(silenceMs, () => request.destroy(new Error(`nothing came for ${silenceMs / 1_000} s`)));
    request.on('response', resolve);
    request.on('error', (error) => reject(signal?.aborted ? error : new FailureError(unreachable(url, error))));
    request.end(body);
  });
}

/** The whole answer of a server; more than `maxBytes` of a body is not read. */
export async function ask(url: string, { maxBytes, ...how }: Ask & { readonly maxBytes: number }): Promise<Answer> {
  const response = await open(url, how);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  } catch (error) {
    if (how.signal?.aborted) throw error;
    throw new FailureError(unreachable(url, error as Error));
  }
  const body = Buffer.concat(chunks).subarray(0, maxBytes);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Where several addresses were tried, Node's error has no message of its own. */
const unreachable = (url: string, error: Error & { code?: string }): string =>
  `${new URL(url).origin} does not answer (${error.message || error.code || 'no reason given'}).`;
