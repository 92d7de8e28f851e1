// The API of a Posthorn server for programs: one method for every route, typed by what the server says of itself (routes.ts).
// It needs `fetch` and nothing else, and tries nothing again: whoever asks knows what may be asked twice.
import type { Routes } from './routes.js';

/** A route, such as `POST /api/events`. */
export type Route = keyof Routes;

type Parts = 'path' | 'query' | 'body';

/** What a route takes: its `path` parameters, its `query` and its `body`, each where there is one. */
export type InputOf<Name extends Route> = Pick<Routes[Name], Extract<keyof Routes[Name], Parts>>;

/** What a route answers. */
export type AnswerOf<Name extends Route> = Routes[Name] extends { answer: infer Answer } ? Answer : never;

/** The routes that answer lists, page by page. */
export type ListRoute = {
  [Name in Route]: AnswerOf<Name> extends { data: readonly unknown[]; nextCursor: string | null } ? Name : never;
}[Route];

/** What a list holds. */
export type ItemOf<Name extends ListRoute> = AnswerOf<Name> extends { data: readonly (infer Item)[] } ? Item : never;

/** Nothing needs to be given where all of it is optional. */
type Given<Input> =
  Record<never, never> extends Input
    ? [input?: Input, options?: RequestOptions]
    : [input: Input, options?: RequestOptions];

/** Where the server is, and who asks. */
export interface PosthornClientOptions {
  /** Where the server is, such as `https://hooks.example.com`; a path before `/api` is kept. */
  readonly url: string;
  /** An API key. */
  readonly key: string;
  /** For whom the admin key acts. @defaultValue `default` */
  readonly tenant?: string;
  /** What requests are made with. @defaultValue the global `fetch` */
  readonly fetch?: typeof fetch;
}

/** How one request differs. */
export interface RequestOptions {
  /** Sent as `Idempotency-Key`: with it, a POST may be tried again and is done once. */
  readonly idempotencyKey?: string;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

/** The server refused, or failed. What `fetch` throws where there is no answer is thrown as it is. */
export class PosthornApiError extends Error {
  override readonly name = 'PosthornApiError';

  constructor(
    readonly status: number,
    /** Such as `schema_mismatch`; what to decide by. `unknown` where the answer is not the server's own. */
    readonly code: string,
    message: string,
    readonly requestId: string | undefined,
    readonly details: readonly string[],
    /** How long the server says that it takes, of 429 and 503. */
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(message);
  }
}

/**
 * A client of the HTTP API.
 *
 * @example
 * const posthorn = new PosthornClient({ url: 'https://hooks.example.com', key });
 * const { id } = await posthorn.request('POST /api/webhooks', { body: { url, events: ['order.*'] } });
 * for await (const delivery of posthorn.all('GET /api/deliveries', { query: { webhookId: id } })) console.log(delivery.status);
 */
export class PosthornClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;

  constructor({ url, key, tenant, fetch: given }: PosthornClientOptions) {
    this.#base = url.replace(/\/+$/, '');
    this.#headers = { authorization: `Bearer ${key}`, ...(tenant !== undefined && { 'x-tenant': tenant }) };
    this.#fetch = given ?? fetch;
  }

  /** Asks a route. @throws PosthornApiError for any answer but 2xx */
  async request<Name extends Route>(route: Name, ...[input, options]: Given<InputOf<Name>>): Promise<AnswerOf<Name>> {
    return (await this.#ask(route, input ?? {}, options)) as AnswerOf<Name>;
  }

  /** Everything of a list, page by page as it is taken; `limit` of the query is the size of a page. @throws PosthornApiError */
  async *all<Name extends ListRoute>(
    route: Name,
    ...[input, options]: Given<InputOf<Name>>
  ): AsyncGenerator<ItemOf<Name>, void> {
    const given: AnyInput = input ?? {};
    let cursor: string | null | undefined;
    do {
      const query = { ...given.query, ...(typeof cursor === 'string' && { cursor }) };
      const page = (await this.#ask(route, { ...given, query }, options)) as {
        data: ItemOf<Name>[];
        nextCursor: string | null;
      };
      yield* page.data;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  async #ask(route: string, { path, query, body }: AnyInput, options: RequestOptions = {}): Promise<unknown> {
    const [method = '', template = ''] = route.split(' ');
    const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path?.[name])));
    const response = await this.#fetch(`${this.#base}${filled}${searchOf(query)}`, {
      method,
      headers: {
        ...this.#headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(options.idempotencyKey !== undefined && { 'idempotency-key': options.idempotencyKey }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: options.signal,
    });
    const text = await response.text();
    if (!response.ok) throw refusalOf(response, text);
    return text === '' ? undefined : JSON.parse(text);
  }
}

type Plain = string | number | boolean;

/** What any route takes. */
interface AnyInput {
  readonly path?: Readonly<Record<string, Plain>>;
  readonly query?: Readonly<Record<string, Plain | undefined>>;
  readonly body?: unknown;
}

function searchOf(query: AnyInput['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.append(name, String(value));
  return search.size === 0 ? '' : `?${search.toString()}`;
}

function refusalOf(response: Response, text: string): PosthornApiError {
  const { error, code, requestId, details = [] } = refusalIn(text);
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new PosthornApiError(
    response.status,
    code ?? 'unknown',
    error ?? `The server answers ${response.status}.`,
    requestId,
    details,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

interface Refusal {
  readonly error?: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly details?: readonly string[];
}

/** Nothing, where a proxy answered in the server's place. */
function refusalIn(text: string): Refusal {
  try {
    const said = JSON.parse(text) as Refusal | null;
    return said ?? {};
  } catch {
    return {};
  }
}
