// The traces of the server: to a collector of OpenTelemetry, from all of its processes, up to the last span.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { call, ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { SpanCollector } from '../setup/span-collector.js';
import { closedAfterEach } from './pace.harness.js';

const ADMIN_KEY = 'admin-key-of-the-traces';
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

const { receive, keep } = closedAfterEach();
beforeAll(ensureBuiltOnce);

async function settings(endpoint: string): Promise<Record<string, string>> {
  return {
    DATABASE_URL: (await cloneDatabase()).url,
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ADMIN_API_KEY: ADMIN_KEY,
    ALLOW_HTTP: 'true',
    ALLOW_NETWORKS: '127.0.0.0/8',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  };
}

function start(env: Record<string, string>): ServerProcess {
  const server = new ServerProcess(env);
  keep({ close: () => server.kill() });
  return server;
}

const send = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/api/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ event: 'order.made', data: {} }),
  });

describe('the traces of the server', () => {
  it('go on from the caller of the API, through two processes, and the last spans are sent as it stops', async () => {
    const collector = await SpanCollector.start();
    const receiver = await receive();
    keep(collector);
    // So late that nothing is sent but at the end.
    const shared = { ...(await settings(collector.endpoint)), OTEL_BSP_SCHEDULE_DELAY: '3600000' };
    const api = start({ ...shared, ROLE: 'api', OTEL_SERVICE_NAME: 'the-api' });
    const worker = start({ ...shared, ROLE: 'worker' });
    const [url] = await Promise.all([api.url(), worker.url()]);
    const webhook = { url: receiver.url, events: ['order.*'] };
    expect((await call(url, ADMIN_KEY, 'POST', '/api/webhooks', webhook)).status).toBe(201);

    const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
    expect((await send(url, { traceparent, authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await send(url, { traceparent })).status).toBe(202);
    expect((await receiver.next()).headers).not.toHaveProperty('traceparent');
    expect(collector.spans).toEqual([]);
    for (const server of [api, worker]) expect(await server.stop()).toEqual({ code: 0, signal: null });

    const spans = collector.spans.filter(({ traceId }) => traceId === CALLER.traceId);
    expect(spans.map(({ service, name }) => [service, name]).sort()).toEqual([
      ['posthorn', 'posthorn attempt'],
      ['the-api', 'posthorn dispatch'],
    ]);
    const byName = new Map(spans.map((span) => [span.name, span]));
    expect(byName.get('posthorn dispatch')).toMatchObject({ parentSpanId: CALLER.spanId });
    expect(byName.get('posthorn attempt')).toMatchObject({
      parentSpanId: byName.get('posthorn dispatch')!.spanId,
      attributes: { 'posthorn.outcome': 'success' },
    });
  });

  it('disturb nothing where the collector is away', async () => {
    const receiver = await receive();
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const server = start({ ...(await settings(endpoint)), OTEL_BSP_SCHEDULE_DELAY: '10' });
    const url = await server.url();
    const webhook = { url: receiver.url, events: ['order.*'] };
    expect((await call(url, ADMIN_KEY, 'POST', '/api/webhooks', webhook)).status).toBe(201);
    for (let n = 0; n < 3; n += 1) {
      expect((await send(url)).status).toBe(202);
      await receiver.next();
    }
    await eventually(async () => {
      const { body } = await call<{ data: { status: string }[] }>(url, ADMIN_KEY, 'GET', '/api/deliveries');
      return body.data.filter(({ status }) => status === 'success').length === 3;
    }, 'all are written as successes');
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});
