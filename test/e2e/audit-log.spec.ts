// Who changed what: what an entry tells, that it is written in the transaction of the change, and who reads it how.
import { describe, expect, it } from '@jest/globals';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { AuditLog, AuditRetention } from '../../src/platform/audit/index.js';
import { Database } from '../../src/platform/database/index.js';
import { AuditScene, HOOK } from './audit-log.harness.js';
import type { Entry } from './audit-log.harness.js';

const scene = AuditScene.forTests();
const { call, hook, log } = scene;

describe('the audit log', () => {
  it('tells what a field was and is, and of a URL only where it leads', async () => {
    const { id } = await hook();
    await call('PATCH', `/api/webhooks/${id}`, { events: ['a'], timeoutMs: 900, url: 'https://93.184.215.14/other' });
    const [updated, created] = await log(`?resource=${id}`);
    expect(updated?.changes).toEqual(
      expect.arrayContaining([
        { field: 'events', before: ['order.*'], after: ['a'] },
        { field: 'timeoutMs', before: null, after: 900 },
        { field: 'url' },
      ]),
    );
    expect(updated?.changes).toHaveLength(3);
    expect(created?.changes).toContainEqual({ field: 'origin', before: null, after: 'https://93.184.215.14' });
  });

  it('names the key that was used', async () => {
    const { body } = await call('POST', '/api/api-keys', { name: 'k', scopes: ['webhooks:write'] });
    await scene.server.api('POST', '/api/webhooks', HOOK, {
      key: body.key as string,
      headers: { 'x-request-id': 'mine' },
    });
    const [entry] = await log('?limit=1');
    expect(entry).toMatchObject({ actor: `key:${body.id}`, action: 'webhook.created', requestId: 'mine' });
    expect(await log(`?actor=key:${body.id}`)).toHaveLength(1);
  });

  it('has nothing of what was refused or repeated', async () => {
    const before = await log('?limit=1');
    await call('POST', '/api/webhooks', { ...HOOK, url: 'nonsense' });
    await call('DELETE', '/api/webhooks/01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d');
    await call('PATCH', '/api/tenants/nobody', { name: 'x' });
    expect(await log('?limit=1')).toEqual(before);
    const once = () => scene.server.api('POST', '/api/webhooks', HOOK, { headers: { 'idempotency-key': 'once' } });
    const [{ body }] = [await once(), await once()];
    expect(await log(`?resource=${String(body.id)}`)).toHaveLength(1);
  });

  it('is written with the change or not at all', async () => {
    await scene.sql.query('ALTER TABLE posthorn.audit_log ADD CONSTRAINT nothing_fits CHECK (false) NOT VALID');
    try {
      const count = async () => (await scene.sql.query('SELECT id FROM posthorn.webhook')).rowCount;
      const before = await count();
      expect((await call('POST', '/api/webhooks', HOOK)).status).toBe(500);
      expect(await count()).toBe(before);
    } finally {
      await scene.sql.query('ALTER TABLE posthorn.audit_log DROP CONSTRAINT nothing_fits');
    }
  });

  it('is closed to other tenants and to whoever lacks the scope', async () => {
    await scene.server.api('POST', '/api/webhooks', HOOK, { tenant: 'acme' });
    const theirs = await log('', { tenant: 'acme' });
    expect(theirs.map(({ action }) => action)).toEqual(['webhook.created']);
    expect(await log(`?resource=${theirs[0]?.resource}`)).toEqual([]);
    const { body } = await call('POST', '/api/api-keys', { name: 'k', scopes: ['webhooks:write', 'keys:write'] });
    const { status } = await scene.server.api('GET', '/api/audit-log', undefined, { key: body.key as string });
    expect(status).toBe(403);
  });

  it('is read by time, action and page', async () => {
    expect(await log('?until=2026-01-01')).toEqual([]);
    await call('POST', '/api/tenants', { id: 'bolt', name: 'Bolt' });
    await call('PATCH', '/api/tenants/bolt', { name: 'Bolt Ltd' });
    const updates = await log('?since=2026-01-01&action=tenant.updated');
    expect(updates.map(({ resource }) => resource)).toEqual(['bolt']);
    const documented = ['id', 'at', 'actor', 'action', 'resource', 'changes', 'requestId', 'address'];
    for (const entry of [...updates, ...(await log())]) expect(Object.keys(entry)).toEqual(documented);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/api/audit-log?limit=7${cursor && `&cursor=${cursor}`}`;
      const { body } = await scene.server.api<{ data: Entry[]; nextCursor: string | null }>('GET', path);
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual((await log('?limit=250')).map(({ id }) => id));
  });

  it('looks through so many for what no index knows, and the next page goes on from there', async () => {
    await scene.server.api('POST', '/api/tenants', { id: 'busy', name: 'Busy' });
    const ids = Array.from({ length: 5_001 }, (_, n) => lowestIdAt(Date.now() + n));
    await scene.sql.query(
      `INSERT INTO posthorn.audit_log (id, tenant_id, actor, action, resource, changes, request_id)
       SELECT id, 'busy', CASE n WHEN 1 THEN 'rare' ELSE 'often' END, CASE n WHEN 1 THEN 'a.rare' ELSE 'a.usual' END, 'r', '[]', n::text
       FROM unnest($1::uuid[]) WITH ORDINALITY AS i (id, n)`,
      [ids],
    );
    type Listed = { data: Entry[]; nextCursor: string | null };
    const page = async (query: string): Promise<Listed> =>
      (await scene.server.api<Listed>('GET', `/api/audit-log${query}`, undefined, { tenant: 'busy' })).body;
    for (const filter of ['actor=rare', 'action=a.rare', 'resource=r&actor=rare&action=a.rare']) {
      const first = await page(`?${filter}`);
      expect([first.data, typeof first.nextCursor]).toEqual([[], 'string']);
      const second = await page(`?${filter}&cursor=${first.nextCursor}`);
      expect([second.data.map(({ id }) => id), second.nextCursor]).toEqual([[ids[0]], null]);
    }
    expect((await page('?resource=r&limit=2')).data.map(({ id }) => id)).toEqual([ids[5_000], ids[4_999]]);
    expect(await page('?resource=other')).toEqual({ data: [], nextCursor: null });
  });

  it('cannot be rewritten, and forgets what is past its retention', async () => {
    await expect(scene.sql.query(`UPDATE posthorn.audit_log SET actor = 'nobody'`)).rejects.toThrow('never changed');
    const count = async () => (await scene.sql.query('SELECT id FROM posthorn.audit_log')).rowCount;
    const retention = new AuditRetention(scene.server.get(AuditLog), scene.server.get(Database), {
      auditRetentionMs: 86_400_000,
    });
    const before = await count();
    await retention.enforce(Date.now());
    expect(await count()).toBe(before);
    await retention.enforce(Date.now() + 86_400_000 + 60_000);
    expect(await count()).toBe(0);
  });
});
