// What the server adds around the modules: its description, its log, and how it bears a database that goes away.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Validator } from '@seriousme/openapi-schema-validator';
import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import request from 'supertest';
import { serveOpenApi } from '../../src/platform/http/openapi.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { caller, originOf, refusal, startServer } from './registry.harness.js';

/** A way to the database that can be closed and opened again. */
class Gate {
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(private readonly target: URL) {}

  async open(): Promise<void> {
    this.#server = createServer((inner) => {
      const outer = connect(Number(this.target.port), this.target.hostname);
      for (const socket of [inner, outer]) this.#sockets.add(socket.on('error', () => undefined));
      inner.pipe(outer).pipe(inner);
    }).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close');
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await closed;
  }
}

let database: { url: string };
let app: NestExpressApplication;

beforeAll(async () => {
  database = await cloneDatabase();
  app = await startServer(database.url, {}, { configure: (made) => serveOpenApi(made) });
});

afterAll(() => app?.close());

describe('a request', () => {
  it('is born as Express would make it', async () => {
    const born: unknown[] = [];
    const seen: unknown[] = [];
    app.getHttpServer().prependOnceListener('request', (...pair: [object, EventEmitter]) => {
      born.push(...pair.map((one) => Object.getPrototypeOf(one) as unknown));
      pair[1].once('finish', () => seen.push(...pair.map((one) => Object.getPrototypeOf(one) as unknown)));
    });
    await request(originOf(app)).get('/health/live');
    await eventually(() => seen.length > 0, 'the request is answered');
    expect(seen[0]).toBe(born[0]);
    expect(seen[1]).toBe(born[1]);
  });
});

describe('the description', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { responses: Record<string, unknown>; tags: string[] }>>;
    components: { schemas: Record<string, unknown> };
  }

  const document = async (): Promise<Document> =>
    (await request(originOf(app)).get('/docs-json').expect(200)).body as Document;

  it('is valid OpenAPI 3', async () => {
    const described = await document();
    const verdict = await new Validator().validate(structuredClone(described) as unknown as Record<string, unknown>);
    expect(verdict).toEqual({ valid: true });
    expect(described.openapi).toMatch(/^3\./);
  });

  it('documents every answer of every route, and no stored thing', async () => {
    const { paths, components } = await document();
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/webhooks', '/api/webhooks/{id}', '/api/webhooks/{id}/secrets', '/api/tenants']),
    );
    const routes = Object.entries(paths).filter(([path]) => /^\/api\/(?:webhooks|tenants)/.test(path));
    for (const [path, methods] of routes) {
      for (const [method, { responses, tags }] of Object.entries(methods)) {
        const codes = Object.keys(responses);
        expect([path, method, codes]).toEqual([path, method, expect.arrayContaining(['400', '401', '503'])]);
        expect(codes.filter((code) => code.startsWith('2'))).toHaveLength(1);
        if (path.includes('{')) expect(codes).toContain('404');
        expect(tags).toHaveLength(1);
      }
    }
    expect(JSON.stringify(components.schemas)).not.toMatch(/ciphertext|tenantId/);
  });

  it('has a page that keeps the key', async () => {
    const page = await request(originOf(app)).get('/docs').redirects(1).expect(200);
    expect(page.text).toContain('Posthorn API');
    const script = await request(originOf(app)).get('/docs/swagger-ui-init.js').expect(200);
    expect(script.text).toContain('"persistAuthorization": true');
  });
});

describe('the log', () => {
  afterEach(() => {
    Logger.overrideLogger(['error', 'warn']);
  });

  it('has one line per request, with the template of the path and neither query nor headers', async () => {
    const lines: string[] = [];
    const keep = (message: unknown, context: unknown): void => {
      if (context === 'Request') lines.push(String(message));
    };
    Logger.overrideLogger({
      log: keep,
      error: keep,
      warn: keep,
      debug: (line: unknown) => lines.push(`debug ${String(line)}`),
    });
    const api = caller(originOf(app));
    await api.get('/api/webhooks/nope?token=topsecret').set('X-Request-Id', 'r1').expect(404);
    await api.get('/api/no%0Awhere').set('X-Request-Id', 'r2').expect(404);
    await request(originOf(app)).get('/health/nothing').set('X-Request-Id', 'r3').expect(404);
    await eventually(() => lines.length === 3, 'three lines are logged');
    expect(lines).toEqual([
      expect.stringMatching(/^method=GET path=\/api\/webhooks\/:id status=404 ms=\d+ requestId=r1 tenant=default$/),
      expect.stringMatching(/^method=GET path=\/api\/no%0Awhere status=404 ms=\d+ requestId=r2$/),
      expect.stringMatching(/^debug method=GET path=\/health\/nothing /),
    ]);
  });
});

describe('an application that kept Nest’s own parsers', () => {
  it('refuses alike', async () => {
    const other = await startServer(database.url, {}, { bodyParser: true });
    const send = (type: string, body: string) =>
      refusal(caller(originOf(other)).post('/api/webhooks').set('Content-Type', type).send(body));
    expect(await send('application/json', '{"a":')).toMatchObject({ status: 400, code: 'malformed_json' });
    expect(await send('application/json', `{"a":"${'x'.repeat(200_000)}"}`)).toMatchObject({
      status: 413,
      code: 'payload_too_large',
    });
    expect(await send('application/json; charset=utf-7', '{}')).toMatchObject({ status: 415 });
    expect(await send('application/x-www-form-urlencoded', 'url=x')).toMatchObject({ status: 415 });
    const deep = `{"url":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const keyed = caller(originOf(other)).post('/api/webhooks').set('Idempotency-Key', 'k');
    expect(await refusal(keyed.type('json').send(deep))).toMatchObject({ status: 400, code: 'malformed_json' });
    expect(await send('application/json', '[]')).toMatchObject({ status: 400, code: 'validation_failed' });
    expect(await send('application/json', '{}')).toMatchObject({ status: 400, code: 'validation_failed' });
    await other.close();
  });
});

describe('a database that goes away', () => {
  it('is 503 with Retry-After until it is back', async () => {
    const gate = new Gate(new URL(database.url));
    await gate.open();
    const through = new URL(database.url);
    through.port = String(gate.port);
    // No workers: this is about the API, and a worker that lost its database takes its time to close.
    const server = await startServer(through.href, { role: 'api' });
    const api = caller(originOf(server));
    await api.get('/api/webhooks').expect(200);

    await gate.close();
    const during = () =>
      Promise.all([
        api.get('/api/webhooks'),
        api.post('/api/webhooks').send({ url: 'https://93.184.215.14/', events: ['a'] }),
        api.delete('/api/webhooks/01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d'),
        api.post('/api/webhooks/01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d/secrets'),
      ]);
    for (let turn = 0; turn < 3; turn += 1) {
      for (const answer of await during()) {
        expect([answer.status, answer.body]).toEqual([503, expect.objectContaining({ code: 'unavailable' })]);
        expect(answer.headers['retry-after']).toBe('5');
      }
    }
    await gate.open();
    await eventually(async () => (await api.get('/api/webhooks')).status === 200, 'the API answers again');
    await server.close();
    await gate.close();
  });
});
