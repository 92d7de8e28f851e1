// Whatever a client sends gets a clear answer: never a 5xx, always our error shape. The routes and their fields come from
// the server's own OpenAPI document, so a new route is tried from the day it exists.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { operationsOf, sendTo, tryAll } from './hostile-input.harness.js';
import type { Answer, Operation } from './hostile-input.harness.js';

let server: TestServer;
let operations: Operation[];

beforeAll(async () => {
  server = await startTestServer({ maxAuthFailures: 0 });
  operations = await operationsOf(server);
});
afterAll(() => server.close());

const send = (method: string, path: string, body?: string | Buffer, headers?: OutgoingHttpHeaders): Promise<Answer> =>
  sendTo(server.url, method, path, body, headers);

// prettier-ignore
const TEXTS: readonly string[] = [
  '', ' ', '\0', 'a\0b', '\ud800', '\uffff', '\u202e', '🎉'.repeat(50), 'é', 'e\u0301', "' OR '1'='1", '"; DROP TABLE webhook; --',
  '%', '%s%n', '${7*7}', '{{7*7}}', '<script>alert(1)</script>', 'javascript:alert(1)', '../../etc/passwd', '\r\nX-Evil: 1', 'null',
  'undefined', 'NaN', '[object Object]', '__proto__', 'constructor', '(.*)+$', '*', '**', 'a.*.b', '.a', 'a.', 'a..b', '-1', '0', '1e309',
  '99999999999999999999', 'x'.repeat(10_000), 'http://[::1', 'https://user:p@example.com/', 'https://example.com/\0', 'file:///etc/passwd',
];

// prettier-ignore
const VALUES: readonly unknown[] = [
  ...TEXTS, null, true, 0, -1, 1.5, 1e308, [], {}, [[]], [null], [{}], ['*', 7], { a: 1 }, { toString: 1 }, { $ne: null }, { length: 1e9 },
  Array.from({ length: 10_000 }, () => 'a'),
];

// prettier-ignore
const IDS = [
  'x', '1', '-1', '0', 'null', '%00', '%ff', '%', '%zz', '%2e%2e', '..%2f..', '%27%20OR%20%271%27=%271', '{0}', '%7B00000000-0000-0000-0000-000000000000%7D',
  '00000000-0000-0000-0000-000000000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', 'a'.repeat(400), '%F0%9F%8E%89', '%ED%A0%80', '[object%20Object]', '*',
];

const withId = (path: string, id: string): string => path.replace(/\{[^}]+\}/g, id);
const SOME_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

describe('no hostile', () => {
  it('id gives a 5xx', async () => {
    const cases = operations
      .filter(({ path }) => path.includes('{'))
      .flatMap(({ method, path }) =>
        IDS.map((id) => ({
          what: `${method} ${withId(path, id)}`,
          run: () => send(method, withId(path, id), method === 'GET' || method === 'DELETE' ? undefined : '{}'),
        })),
      );
    expect(cases.length).toBeGreaterThan(100);
    expect(await tryAll(cases)).toEqual([]);
  });

  it('query parameter gives a 5xx, and every unknown, repeated or bad one is a 400', async () => {
    const lists = operations.filter(({ method, path }) => method === 'GET' && !path.includes('{'));
    expect(lists.length).toBeGreaterThan(2);
    const accepted: string[] = [];
    const cases = lists.flatMap(({ path, query }) => {
      const parameters = [...query, 'unknown', '__proto__', 'a[b]', 'tenant_id'];
      // prettier-ignore
      const strings = parameters.flatMap((name) => [
        ...TEXTS.filter((text) => text.length < 9_000).map((text) => `${name}=${encodeURIComponent(text.replace(/\p{Cs}/gu, ''))}`),
        `${name}=1&${name}=2`, `${name}[]=1`, `${name}[$ne]=1`, `${name}=%ff`, `${name}=%`, `${name}=infinity`, `${name}=now`,
        `${name}=0000-00-00`, `${name}=300000-01-01T00:00:00Z`, `${name}=2026-02-30`, `${name}=1.5`, `${name}=1e3`, `${name}=251`,
      ]);
      return [...strings, Array.from({ length: 1_000 }, (_, n) => `p${n}=1`).join('&')].map((search) => ({
        what: `GET ${path}?${search.slice(0, 100)}`,
        run: async () => {
          const answer = await send('GET', `${path}?${search}`);
          if (answer.status < 300 && /^(?:unknown|__proto__|a\[b\]|tenant_id|p0)/.test(search))
            accepted.push(`${path}?${search.slice(0, 60)}`);
          if (answer.status < 300 && /^(\w+)=1&\1=2$/.test(search)) accepted.push(`${path}?${search}`);
          return answer;
        },
      }));
    });
    expect(await tryAll(cases)).toEqual([]);
    expect(accepted).toEqual([]);
  });

  it('field value gives a 5xx', async () => {
    const cases = operations
      .filter(({ fields }) => fields.length > 0)
      .flatMap(({ method, path, fields }) =>
        [...fields, 'id', 'tenantId', 'createdAt', 'secret', '__proto__', 'constructor', 'toString'].flatMap(
          (field, nth) =>
            // A third of them each, in turn: routes are many, and test/fuzz tries what this leaves out.
            VALUES.filter((_, at) => (at + nth) % 3 === 0).map((value) => {
              const valid: Record<string, unknown> = {
                url: 'https://example.com/',
                events: ['a'],
                event: 'a',
                data: {},
                id: 't1',
                name: 'T',
              };
              const body = JSON.stringify(
                Object.fromEntries(fields.filter((name) => name in valid).map((name) => [name, valid[name]])),
              );
              const open = body === '{}' ? '{' : `${body.slice(0, -1)},`;
              return {
                what: `${method} ${path} ${field}=${JSON.stringify(value).slice(0, 80)}`,
                run: () =>
                  send(method, withId(path, SOME_ID), `${open}${JSON.stringify(field)}:${JSON.stringify(value)}}`),
              };
            }),
        ),
      );
    expect(cases.length).toBeGreaterThan(1_000);
    expect(await tryAll(cases)).toEqual([]);
  }, 300_000);

  it('body gives a 5xx', async () => {
    const deep = (depth: number): string => `{"event":"a","data":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
    // prettier-ignore
    const bodies: (string | Buffer)[] = [
      '', ' ', 'null', 'true', '7', '"x"', '[]', '[[]]', '{', '{"a"}', "{'a':1}", '{"a":1,}', '{"a":NaN}', '/**/{}', '{}{}', '\ufeff{}', '{"a":1e400}',
      '{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"x":1}}}', '{"event":"a","event":"b","data":{}}',
      deep(100), deep(5_000), deep(100_000), '['.repeat(100_000), `{"events":[${'{},'.repeat(1_000)}{}]}`, `{"events":[${'null,'.repeat(999)}null]}`,
      `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(',')}}`, '{"event":"a\\u0000","data":{"\\u0000":"\\ud800"}}',
      Buffer.from('{"event":"a","data":{}}', 'utf16le'), Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), Buffer.alloc(300_000, 'x'), Buffer.alloc(400_000, '{'),
    ];
    const cases = operations
      .filter(({ method }) => method !== 'GET')
      .flatMap(({ method, path }, nth) =>
        // A third of them each, in turn, as above.
        bodies
          .filter((_, at) => (at + nth) % 3 === 0)
          .map((body) => ({
            what: `${method} ${path} ${body.slice(0, 40).toString()}`,
            run: () => send(method, withId(path, SOME_ID), body),
          })),
      );
    expect(await tryAll(cases)).toEqual([]);
  });

  it('header gives a 5xx', async () => {
    // prettier-ignore
    const variants: Record<string, string | string[]>[] = [
      ...['', 'Bearer', 'Bearer ', 'bearer x', `Basic ${ADMIN_KEY}`, `Bearer ${ADMIN_KEY}x`, `Bearer ${'x'.repeat(8_000)}`, 'Bearer a b', 'Bearer é'].map((authorization) => ({ authorization })),
      { authorization: [`Bearer ${ADMIN_KEY}`, `Bearer ${ADMIN_KEY}`] },
      ...['', ' ', 'nobody', 'DEFAULT', '../x', "' OR 1=1", 'x'.repeat(5_000), 'é'].map((tenant) => ({ 'x-tenant': tenant })),
      ...['', 'a', 'x'.repeat(255), 'x'.repeat(256), 'é', 'a,b'].map((key) => ({ 'idempotency-key': key })),
      ...['', '../x', 'x'.repeat(5_000), '<script>'].map((id) => ({ 'x-request-id': id })),
      ...['text/plain', 'application/xml', 'multipart/form-data', 'application/json; charset=utf-16', 'application/json; charset=nonsense', 'application/json;;;=,', 'APPLICATION/JSON', ''].map((type) => ({ 'content-type': type })),
      ...['gzip', 'br', 'nonsense'].map((encoding) => ({ 'content-encoding': encoding })),
      { accept: 'application/xml' }, { 'x-http-method-override': 'DELETE' }, { expect: '100-continue' }, { cookie: 'a'.repeat(4_000) },
    ];
    const cases = operations.flatMap(({ method, path }) =>
      variants.map((headers) => ({
        what: `${method} ${path} ${JSON.stringify(headers).slice(0, 100)}`,
        run: () =>
          send(
            method,
            withId(path, SOME_ID),
            method === 'GET' || method === 'DELETE' ? undefined : '{"event":"a","data":{}}',
            headers,
          ),
      })),
    );
    expect(await tryAll(cases)).toEqual([]);
  });

  it('method or path gives a 5xx', async () => {
    // prettier-ignore
    const paths = [...new Set(operations.map(({ path }) => withId(path, SOME_ID))), '/', '/api', '/api/', '//api//webhooks', '/api/webhooks/', '/API/WEBHOOKS', '/api/nothing', '/%', '/%ff', '/docs', '/health/live', '/webhooks/nobody', '/webhooks/%ff', '/webhooks/a/b/c', `/api/${'x'.repeat(8_000)}`, '/api/webhooks/%2e%2e/events'];
    const cases = paths.flatMap((path) =>
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'].map((method) => ({
        what: `${method} ${path.slice(0, 80)}`,
        run: async () => {
          const answer = await send(method, path);
          // These have answers of another shape: no body, or the fixed one of the receiving side.
          return method === 'HEAD' || path.startsWith('/webhooks/')
            ? { ...answer, status: Math.min(answer.status, answer.status < 500 ? 200 : 599) }
            : answer;
        },
      })),
    );
    expect(await tryAll(cases)).toEqual([]);
  });

  it('request that is not HTTP ends the server', async () => {
    const { hostname, port } = new URL(server.url);
    // prettier-ignore
    const lines = ['\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'SSH-2.0-x\r\n', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`,
      'POST /api/events HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 'POST /api/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'];
    for (const line of lines) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.write(line));
        socket
          .on('data', () => socket.destroy())
          .on('error', () => resolve())
          .on('close', () => resolve());
        socket.setTimeout(500, () => socket.destroy());
      });
    }
    expect((await server.api('GET', '/api/webhooks')).status).toBe(200);
  });
});
