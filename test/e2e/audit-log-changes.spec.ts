// Every changing route of the API leaves an entry in the audit log, and no secret in it.
import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import type { ApiAnswer } from '../setup/server.js';
import { AuditScene, HOOK } from './audit-log.harness.js';
import type { Body } from './audit-log.harness.js';

const SOURCE = { name: 'shop', provider: 'github', secrets: ['the first secret of the source'] };
const HEADERS = { headers: { 'x-api-token': 'a token in a header' } };

/** What changes nothing that is configured: events are their own record, and to ask a filter is to read. */
const NO_CHANGES = [
  'POST /api/events',
  'POST /api/events/batch',
  'POST /api/webhooks/{id}/test-filter',
  'POST /api/webhooks/{id}/test-transformation',
];

const scene = AuditScene.forTests();
const { call, hook, log } = scene;
scene.secrets.push(SOURCE.secrets[0] as string, 'the second secret', 'a token in a header');

/** One event, and its one delivery that has ended: the webhook is disabled. */
async function skipped(): Promise<{ webhook: Body; event: string; delivery: string }> {
  const webhook = await hook();
  await call('POST', `/api/webhooks/${webhook.id}/disable`);
  const { body } = await call('POST', '/api/events', { event: 'order.paid', data: {}, webhookIds: [webhook.id] });
  const { body: one } = await scene.server.api<{ deliveries: { id: string }[] }>('GET', `/api/events/${body.id}`);
  await call('POST', `/api/webhooks/${webhook.id}/enable`);
  return { webhook, event: body.id, delivery: one.deliveries[0]?.id as string };
}

async function received(): Promise<string> {
  const body = `{"n":${Math.random()}}`;
  const signature = createHmac('sha256', SOURCE.secrets[0] as string)
    .update(body)
    .digest('hex');
  const response = await fetch(`${scene.server.url}/webhooks/shop`, {
    method: 'POST',
    body,
    headers: { 'x-hub-signature-256': `sha256=${signature}`, 'x-github-event': 'push', 'x-github-delivery': body },
  });
  expect(response.status).toBe(200);
  return (await scene.server.api<{ data: { id: string }[] }>('GET', '/api/received-events')).body.data[0]?.id as string;
}

/** How each changing route is called, so that it changes something; and the entry that it must leave. */
const CHANGES: Record<string, [() => Promise<ApiAnswer<Body>>, string]> = {
  'POST /api/webhooks': [() => call('POST', '/api/webhooks', { ...HOOK, ...HEADERS }), 'webhook.created'],
  'PATCH /api/webhooks/{id}': [
    async () => call('PATCH', `/api/webhooks/${(await hook()).id}`, { description: 'x', ...HEADERS }),
    'webhook.updated',
  ],
  'DELETE /api/webhooks/{id}': [async () => call('DELETE', `/api/webhooks/${(await hook()).id}`), 'webhook.deleted'],
  'POST /api/webhooks/{id}/enable': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/enable`),
    'webhook.updated',
  ],
  'POST /api/webhooks/{id}/disable': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/disable`),
    'webhook.updated',
  ],
  'POST /api/webhooks/{id}/secrets': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/secrets`),
    'webhook.secret_rotated',
  ],
  'DELETE /api/webhooks/{id}/secrets/{secretId}': [
    async () => {
      const { id, secrets: made } = await hook();
      await call('POST', `/api/webhooks/${id}/secrets`);
      return call('DELETE', `/api/webhooks/${id}/secrets/${made[0]?.id}`);
    },
    'webhook.secret_retired',
  ],
  'POST /api/webhooks/{id}/test': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/test`),
    'webhook.tested',
  ],
  'POST /api/webhooks/{id}/replay': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/replay`, { since: '2026-01-01' }),
    'webhook.replayed',
  ],
  'DELETE /api/events/{id}/data': [
    async () => call('DELETE', `/api/events/${(await skipped()).event}/data`),
    'event.data_erased',
  ],
  'POST /api/deliveries/{id}/retry': [
    async () => call('POST', `/api/deliveries/${(await skipped()).delivery}/retry`),
    'delivery.retried',
  ],
  'POST /api/sources': [() => call('POST', '/api/sources', { ...SOURCE, relay: false }), 'source.created'],
  'PATCH /api/sources/{name}': [() => call('PATCH', '/api/sources/shop', { relay: true }), 'source.updated'],
  'POST /api/sources/{name}/secrets': [
    () => call('POST', '/api/sources/shop/secrets', { secret: 'the second secret' }),
    'source.secret_added',
  ],
  'DELETE /api/sources/{name}/secrets/{secretId}': [
    async () => {
      const { body } = await call('GET', '/api/sources/shop');
      return call('DELETE', `/api/sources/shop/secrets/${body.secrets[0]?.id}`);
    },
    'source.secret_retired',
  ],
  'POST /api/received-events/{id}/replay': [
    async () => call('POST', `/api/received-events/${await received()}/replay`, { all: true }),
    'received_event.replayed',
  ],
  'POST /api/received-events/replay': [
    () => call('POST', '/api/received-events/replay', { since: '2026-01-01', source: 'shop' }),
    'received_events.replayed',
  ],
  'POST /api/encryption/re-encrypt': [() => call('POST', '/api/encryption/re-encrypt'), 'encryption.renewed'],
  'DELETE /api/sources/{name}': [() => call('DELETE', '/api/sources/shop'), 'source.deleted'],
  'POST /api/event-types': [() => call('POST', '/api/event-types', { name: 'a.first' }), 'event_type.created'],
  'POST /api/event-types/import': [
    () =>
      call('POST', '/api/event-types/import', {
        document: { openapi: '3.1.0', webhooks: { 'a.fourth': { post: {} } } },
      }),
    'event_type.created',
  ],
  'PATCH /api/event-types/{name}': [
    async () => {
      await call('POST', '/api/event-types', { name: 'a.second' });
      return call('PATCH', '/api/event-types/a.second', { schema: { type: 'object' } });
    },
    'event_type.updated',
  ],
  'DELETE /api/event-types/{name}': [
    async () => {
      await call('POST', '/api/event-types', { name: 'a.third' });
      return call('DELETE', '/api/event-types/a.third');
    },
    'event_type.deleted',
  ],
  'POST /api/tenants': [() => call('POST', '/api/tenants', { id: 'bolt', name: 'Bolt' }), 'tenant.created'],
  'PATCH /api/tenants/{id}': [() => call('PATCH', '/api/tenants/bolt', { name: 'Bolt Ltd' }), 'tenant.updated'],
  'DELETE /api/tenants/{id}': [
    async () => {
      await call('POST', '/api/tenants', { id: 'gone', name: 'Gone' });
      return call('DELETE', '/api/tenants/gone');
    },
    'tenant.deleted',
  ],
  'POST /api/api-keys': [() => call('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] }), 'api_key.created'],
  'DELETE /api/api-keys/{id}': [
    async () => {
      const { body } = await call('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] });
      return call('DELETE', `/api/api-keys/${body.id}`);
    },
    'api_key.revoked',
  ],
  'POST /api/portal-sessions': [
    async () => {
      const answer = await call('POST', '/api/portal-sessions', { user: 'ada' });
      scene.secrets.push(answer.body.token as string);
      return answer;
    },
    'portal_session.created',
  ],
  'DELETE /api/portal-sessions/{id}': [
    async () => {
      const { body } = await call('POST', '/api/portal-sessions');
      return call('DELETE', `/api/portal-sessions/${body.id}`);
    },
    'portal_session.ended',
  ],
};

describe('the audit log', () => {
  it('is known to every route that changes something', async () => {
    const { body } = await scene.server.api<{ paths: Record<string, object> }>('GET', '/docs-json');
    const changing = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => path.startsWith('/api/') && method !== 'get')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(changing.sort()).toEqual([...Object.keys(CHANGES), ...NO_CHANGES].sort());
  });

  it.each(Object.entries(CHANGES))('has an entry of %s', async (_, [change, action]) => {
    const { status, headers } = await change();
    expect(status).toBeLessThan(300);
    const [entry] = await log('?limit=1');
    expect(entry).toMatchObject({
      actor: 'admin',
      action,
      requestId: headers.get('x-request-id'),
      address: expect.stringContaining('127.0.0.1'),
      at: expect.stringMatching(/^2.*Z$/),
    });
  });

  it('holds no secret, wherever it may have been', async () => {
    const { rows } = await scene.sql.query<{ row: string }>(`SELECT a::text AS row FROM posthorn.audit_log a`);
    expect(rows.length).toBeGreaterThan(Object.keys(CHANGES).length);
    expect(scene.secrets.length).toBeGreaterThan(10);
    const text = rows.map(({ row }) => row).join('\n');
    expect(scene.secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
