// What a server says that it takes, requests to the letter, and what is wrong with an answer: for the spec about hostile input.
import { request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { ADMIN_KEY } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly fields: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Record<string, unknown>;
}

interface OpenApi {
  readonly paths: Record<string, Record<string, OpenApiOperation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

interface OpenApiOperation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
}

/** Every operation under `/api/`, as the server describes itself. */
export async function operationsOf(server: TestServer): Promise<Operation[]> {
  const { body: document } = await server.api<OpenApi>('GET', '/docs-json');
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => path.startsWith('/api/'))
      .map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        query: (operation.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name),
        fields: fieldsOf(document, operation.requestBody?.content['application/json']?.schema),
      })),
  );
}

function fieldsOf(document: OpenApi, schema: Schema | undefined): string[] {
  const named = schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1) as string] : schema;
  return Object.keys(named?.properties ?? {});
}

/** A request to the letter: `fetch` would mend some of them on the way. */
export function sendTo(
  url: string,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const all: OutgoingHttpHeaders = { authorization: `Bearer ${ADMIN_KEY}`, ...headers };
    if (body !== undefined) {
      all['content-type'] ??= 'application/json';
      all['content-length'] = Buffer.byteLength(body);
    }
    const outgoing = request({ hostname, port, method, path, headers: all, agent: false }, (response) => {
      const contentType = String(response.headers['content-type']);
      // A stream does not end by itself: that it was opened is its answer.
      if (contentType.startsWith('text/event-stream')) {
        response.on('error', () => undefined).destroy();
        return resolve({ status: response.statusCode ?? 0, body: '', contentType });
      }
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          contentType,
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Says what is wrong with an answer, or nothing. */
function complaint(what: string, answer: Answer): string[] {
  if (answer.status >= 500 || answer.status < 200) return [`${what}: ${answer.status} ${answer.body.slice(0, 200)}`];
  if (answer.status < 400) return [];
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(answer.body) as Record<string, unknown>;
  } catch {
    return [`${what}: ${answer.status} is not JSON: ${answer.body.slice(0, 200)}`];
  }
  const { error, code, requestId, ...rest } = parsed;
  const shaped =
    typeof error === 'string' &&
    /^[a-z_]+$/.test(String(code)) &&
    typeof requestId === 'string' &&
    Object.keys(rest).every((key) => key === 'details');
  return shaped ? [] : [`${what}: ${answer.status} has another shape: ${answer.body.slice(0, 200)}`];
}

/** Sends all, a few at a time, and collects the complaints. */
export async function tryAll(cases: readonly { what: string; run: () => Promise<Answer> }[]): Promise<string[]> {
  const complaints: string[] = [];
  const queue = [...cases];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { what, run } = next;
      complaints.push(
        ...complaint(what, await run().catch((error: Error) => ({ status: 0, body: error.message, contentType: '' }))),
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return complaints;
}
