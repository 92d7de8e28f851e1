// The one place that speaks HTTP to the API. Whatever goes wrong becomes a sentence that can be shown as it is.
import { session } from '../session/session';

/** A refusal, or an answer that never came. */
export class ApiError extends Error {
  constructor(
    /** 0: no answer. */
    readonly status: number,
    readonly code: string,
    sentence: string,
    readonly details: readonly string[] = [],
  ) {
    super(sentence);
  }
}

/** Values of a query; what is absent or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

// Beside the page, whatever prefix both are under.
const base = new URL('../api/', document.baseURI.replace(/[#?].*$/, ''));

export function apiUrl(path: string, query: Query = {}): URL {
  const url = new URL(path.replace(/^\//, ''), base);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  return url;
}

/** The headers that say who asks, and for which tenant. */
export function credentials(): Record<string, string> {
  const { key, tenant } = session.current;
  return { ...(key && { Authorization: `Bearer ${key}` }), ...(tenant && { 'X-Tenant': tenant }) };
}

/** An answer with status 2xx, or an {@link ApiError}. */
export async function open(
  method: string,
  url: URL,
  { body, headers, signal }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      signal,
      cache: 'no-store',
      credentials: 'same-origin',
      headers: {
        ...credentials(),
        ...headers,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', 'The server cannot be reached. Check your connection, then try again.');
  }
  if (response.ok) return response;
  const error = await refusalOf(response);
  if (error.status === 401) session.refused();
  throw error;
}

async function ask<Answer>(method: string, path: string, query?: Query, body?: unknown, signal?: AbortSignal) {
  const response = await open(method, apiUrl(path, query), { body, signal });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

async function refusalOf(response: Response): Promise<ApiError> {
  const answer: unknown = await response.json().catch(() => undefined);
  const { error, code, details } = (answer ?? {}) as { error?: unknown; code?: unknown; details?: unknown };
  const wait = Number(response.headers.get('Retry-After'));
  const sentence = typeof error === 'string' ? error : `The server answered ${response.status} without saying why.`;
  return new ApiError(
    response.status,
    typeof code === 'string' ? code : 'unknown',
    wait > 0 ? `${sentence} Try again in ${wait} ${wait === 1 ? 'second' : 'seconds'}.` : sentence,
    Array.isArray(details) ? details.map(String) : [],
  );
}

/** The API. Paths are below `/api/`. */
export const api = {
  get: <Answer>(path: string, query?: Query, signal?: AbortSignal) =>
    ask<Answer>('GET', path, query, undefined, signal),
  post: <Answer>(path: string, body: unknown = {}, signal?: AbortSignal) =>
    ask<Answer>('POST', path, undefined, body, signal),
  patch: <Answer>(path: string, body: unknown) => ask<Answer>('PATCH', path, undefined, body),
  put: <Answer>(path: string, body: unknown) => ask<Answer>('PUT', path, undefined, body),
  delete: (path: string) => ask<undefined>('DELETE', path),
};

/** What to show of anything that was thrown. */
export const sentenceOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : 'Something went wrong in this page. Reload it, and try again.';
