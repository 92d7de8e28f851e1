// Sends requests that anyone might send and looks at every answer: no crash and no 5xx, nothing undocumented, and not one
// byte of another tenant.
import { request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { routesOf } from './openapi.js';
import type { Document, Route } from './openapi.js';
import { requestsFor } from './requests.js';
import type { Caller, FuzzRequest } from './requests.js';

/** Requests that run at the same time. */
const TOGETHER = 6;

/** The share of requests, at most, that is not sent: they would delete what the others need. */
const LEFT_OUT = 0.02;

/** Ids and names of one kind that requests may name again: the newest, for others may be deleted by now. */
const KNOWN = 20;

/** An id that nothing has; the examples of documents show it, too. */
const UNKNOWN = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Routes that were never answered with success: what happens behind them was not tried. */
  readonly neverServed: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Red and blue, who must not see each other. */
const TENANTS = ['red', 'blue'] as const;
type TenantName = (typeof TENANTS)[number];

/**
 * Sends at least so many requests; the same seed makes the same ones.
 *
 * @throws Error with the smallest requests that show what is wrong, and the seed.
 */
export async function fuzz({ requests, seed }: { requests: number; seed: number }): Promise<FuzzReport> {
  const receiver = await TestReceiver.start();
  const server = await startTestServer({ maxAuthFailures: 0 });
  try {
    const { body: document } = await server.api<Document>('GET', '/docs-json');
    const session = await Session.open(server, routesOf(document), receiver.url);
    const together = fc.array(requestsFor(document, session.routes, receiver.url), {
      minLength: TOGETHER,
      maxLength: TOGETHER,
    });
    await fc.assert(
      fc.asyncProperty(together, (batch) => session.tryAll(batch)),
      { seed, numRuns: Math.ceil((requests * (1 + LEFT_OUT)) / TOGETHER), endOnFailure: false },
    );
    await eventually(async () => (await server.api('GET', '/health/ready')).status === 200, 'the server is well');
    return session.report(seed);
  } finally {
    await server.close();
    await receiver.close();
  }
}

/** A run against one server: who calls, and what was answered to whom. */
class Session {
  /** By what they are of, as the first word of a path has it. */
  private readonly known = new Map<string, string[]>();
  /** Of each tenant: what no one else may see. */
  private readonly ids: Record<TenantName, Set<string>> = { red: new Set(), blue: new Set() };
  private readonly statuses: Record<string, number> = {};
  private readonly served = new Set<Route>();
  private sent = 0;

  private constructor(
    private readonly server: TestServer,
    readonly routes: readonly Route[],
    private readonly keys: Readonly<Record<Caller, string | undefined>>,
    /** Keys of callers: nobody may delete them, or the run would end in refusals. */
    private readonly keep: ReadonlySet<string>,
  ) {}

  static async open(server: TestServer, all: readonly Route[], url: string): Promise<Session> {
    const keep = new Set<string>(['default', ...TENANTS]);
    const keyOf = async (tenant: string, scopes: string[]): Promise<string> => {
      const { body } = await server.api<{ id: string; key: string }>(
        'POST',
        '/api/api-keys',
        { name: 'fuzz', scopes },
        { tenant },
      );
      keep.add(body.id);
      return body.key;
    };
    for (const id of TENANTS) {
      await server.api('POST', '/api/tenants', { id, name: id });
      await furnish(server, id, url);
    }
    const keys: Record<Caller, string | undefined> = {
      red: await keyOf('red', ['admin']),
      blue: await keyOf('blue', ['admin']),
      reader: await keyOf('red', ['webhooks:read']),
      admin: ADMIN_KEY,
      stranger: `phk_${'x'.repeat(32)}`,
      nobody: undefined,
    };
    return new Session(
      server,
      all.filter(({ path }) => path.startsWith('/api/')),
      keys,
      keep,
    );
  }

  /** @throws Error saying what is wrong with an answer. */
  async tryAll(batch: readonly FuzzRequest[]): Promise<void> {
    await Promise.all(batch.map((one) => this.try(one)));
  }

  report(seed: number): FuzzReport {
    const neverServed = this.routes
      .filter((route) => !this.served.has(route))
      .map(({ method, path }) => `${method} ${path}`);
    return { seed, requests: this.sent, statuses: this.statuses, neverServed };
  }

  private async try(one: FuzzRequest): Promise<void> {
    const route = this.routes[one.route] as Route;
    const kind = kindOf(route);
    const parameters = one.parameters.map((text) => this.filled(text, kind));
    if (route.method === 'DELETE' && parameters.some((id) => this.keep.has(id))) return;
    const search = new URLSearchParams(
      one.query.map(([name, value]): [string, string] => [name, this.filled(value, kind)]),
    ).toString();
    let at = 0;
    const path = route.path.replace(/\{[^}]+\}/g, () => encodeURIComponent(wellFormed(parameters[at++] as string)));
    const body = one.body === undefined ? undefined : this.filled(JSON.stringify(one.body), kind);
    const key = this.keys[one.caller];
    const headers: OutgoingHttpHeaders = {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(one.caller === 'admin' && { 'x-tenant': one.tenant }),
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...(one.idempotencyKey && /^[\x21-\x7e]+$/.test(one.idempotencyKey) && { 'idempotency-key': one.idempotencyKey }),
    };
    const target = search ? `${path}?${search}` : path;
    const answer = await this.send(route.method, target, headers, body);
    this.sent += 1;
    this.statuses[answer.status] = (this.statuses[answer.status] ?? 0) + 1;
    if (answer.status < 300) this.served.add(route);
    const complaint = this.complaintOf(one, route, answer, `${target} ${body ?? ''}`);
    if (complaint)
      throw new Error(
        `${one.caller}: ${route.method} ${target} ${body ?? ''} ${complaint}\n${answer.text.slice(0, 500)}`,
      );
  }

  private complaintOf(one: FuzzRequest, route: Route, answer: Answer, asked: string): string | undefined {
    if (answer.status >= 500) return `answers ${answer.status}`;
    if (answer.status < 300 && (one.caller === 'stranger' || one.caller === 'nobody')) return 'lets a stranger in';
    const undocumented = route.complaintOf(answer.status, answer.contentType, answer.text);
    if (undocumented) return undocumented;
    const tenant = tenantOf(one);
    const found = answer.text.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g) ?? [];
    // What runs the installation shows it all.
    if (one.caller !== 'admin' && tenant) {
      const other = tenant === 'red' ? 'blue' : 'red';
      const foreign = found.find((id) => this.ids[other].has(id) && !asked.includes(id));
      if (foreign) return `shows ${foreign}, which is ${other}'s`;
    }
    if (answer.status < 300 && tenant) {
      // What stands in examples is nobody's.
      for (const id of one.caller === 'admin' ? [] : found) if (id !== UNKNOWN) this.ids[tenant].add(id);
      this.remember(kindOf(route), answer.text);
    }
    return undefined;
  }

  private remember(kind: string, text: string): void {
    const known = this.known.get(kind) ?? [];
    for (const [, name] of text.matchAll(/"(?:id|name|nextCursor)":"([^"\\]{1,200})"/g))
      if (name && !known.includes(name)) known.push(name);
    this.known.set(kind, known.slice(-KNOWN));
  }

  /** With what was answered before in place of `{known:n}`; the newest are named first. */
  private filled(text: string, kind: string): string {
    const known = this.known.get(kind) ?? [];
    return text.replace(
      /\{known:(\d+)\}/g,
      (_, n: string) => known.at(-1 - (Number(n) % Math.max(1, known.length))) ?? UNKNOWN,
    );
  }

  private send(method: string, path: string, headers: OutgoingHttpHeaders, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.server.url);
      const outgoing = request({ hostname, port, method, path, headers, timeout: 30_000 }, (response) => {
        const contentType = String(response.headers['content-type'] ?? '');
        const status = response.statusCode ?? 0;
        // A stream does not end by itself: that it was opened is its answer.
        if (contentType.startsWith('text/event-stream')) {
          response.on('error', () => undefined).destroy();
          return resolve({ status, contentType, text: '' });
        }
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk: string) => (text += chunk))
          .on('error', reject);
        response.on('end', () => resolve({ status, contentType, text }));
      });
      outgoing
        .on('timeout', () => outgoing.destroy(new Error(`${method} ${path} was not answered.`)))
        .on('error', reject);
      outgoing.end(body);
    });
  }
}

/** So that there is something to see from the first request on. */
async function furnish(server: TestServer, tenant: string, url: string): Promise<void> {
  const made = async (path: string, body: object): Promise<void> => {
    const { status } = await server.api('POST', path, body, { tenant });
    if (status >= 300) throw new Error(`POST ${path}: ${status}`);
  };
  await made('/api/webhooks', { url, events: ['*'] });
  await made('/api/events', { event: 'fuzz.begun', data: { of: tenant } });
  await made('/api/sources', { name: 'furnished', provider: 'bearer', secrets: ['a-token'] });
  for (let n = 0; n < 10; n += 1) {
    const { status } = await fetch(`${server.url}/webhooks/${tenant}/furnished`, {
      method: 'POST',
      headers: { authorization: 'Bearer a-token', 'content-type': 'application/json' },
      body: JSON.stringify({ id: `${tenant}-${n}`, type: 'fuzz.begun' }),
    });
    if (status >= 300) throw new Error(`POST /webhooks: ${status}`);
  }
}

/** What the route is about: `webhooks` of `/api/webhooks/{id}`. */
const kindOf = ({ path }: Route): string => path.split('/')[2] ?? '';

/** Without the halves of characters that no URL can hold. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** Whose rows the request is about. */
function tenantOf({ caller, tenant }: FuzzRequest): TenantName | undefined {
  if (caller === 'admin') return tenant;
  if (caller === 'reader') return 'red';
  return caller === 'red' || caller === 'blue' ? caller : undefined;
}
