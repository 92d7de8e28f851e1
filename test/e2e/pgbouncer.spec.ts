// Behind PgBouncer: everything in session mode, row-level security included; no start where sessions are given out by transaction.
import { describe, expect, it } from '@jest/globals';
import { TenantDatabase } from '../../src/platform/database/index.js';
import { cloneDatabase } from '../setup/database.js';
import { pgBouncerMissing, startPgBouncer } from '../setup/pgbouncer.js';
import { TestReceiver } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';

const missing = pgBouncerMissing();
if (missing) console.warn(`Not run: behind PgBouncer. ${missing}`);

(missing ? describe.skip : describe)('behind PgBouncer', () => {
  it('in session mode, events are sent, retries are timed, and PostgreSQL keeps tenants apart', async () => {
    const pooler = await startPgBouncer('session');
    const receiver = await TestReceiver.start();
    const server = await startTestServer({
      databaseUrl: pooler.urlOf((await cloneDatabase()).url),
      rowLevelSecurity: 'on',
      retrySchedule: ['50ms'],
    });
    try {
      expect(server.get(TenantDatabase).isRestricted).toBe(true);
      await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
      const ids: string[] = [];
      for (const tenant of ['default', 'acme', 'default', 'acme']) {
        const { body } = await server.api<{ id: string }>(
          'POST',
          '/api/webhooks',
          { url: receiver.url, events: ['order.*'] },
          { tenant },
        );
        ids.push(body.id);
      }
      const seenBy = async (tenant: string) => {
        const { body } = await server.api<{ data: { id: string }[] }>('GET', '/api/webhooks', undefined, { tenant });
        return body.data.map(({ id }) => id).sort();
      };
      for (let time = 0; time < 5; time += 1)
        expect(await Promise.all([seenBy('default'), seenBy('acme')])).toEqual([
          [ids[0], ids[2]].sort(),
          [ids[1], ids[3]].sort(),
        ]);
      receiver.always(500);
      await server.api('POST', '/api/events', { event: 'order.made', data: {} }, { tenant: 'acme' });
      const attempts = [];
      for (let at = 0; at < 4; at += 1) attempts.push((await receiver.next()).headers['x-webhook-attempt']);
      expect(attempts.sort()).toEqual(['1', '1', '2', '2']);
    } finally {
      await server.close();
      await receiver.close();
      await pooler.stop();
    }
  });

  it('in transaction mode it refuses to start, and says why', async () => {
    const pooler = await startPgBouncer('transaction');
    try {
      const databaseUrl = pooler.urlOf((await cloneDatabase()).url);
      await expect(startTestServer({ databaseUrl })).rejects.toThrow(/session mode/);
    } finally {
      await pooler.stop();
    }
  });
});
