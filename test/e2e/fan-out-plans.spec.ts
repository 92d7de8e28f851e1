// What storing an event costs where very many subscribe: each webhook a little, however many there are.
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { insertText, insertValues } from '../../src/delivery/events/event.statements.js';
import { newId } from '../../src/kernel/ids.js';
import { Database } from '../../src/platform/database/index.js';
import { copyWebhook } from '../setup/many-webhooks.js';
import { startTestServer } from '../setup/server.js';

const WEBHOOKS = 2_000;

const ROOM = {
  total: 50,
  perWebhook: 64,
  perBusyWebhook: new Map(Array.from({ length: 50 }, () => [newId(), 0])),
  takesLarge: true,
};

/** A part of a plan, as EXPLAIN tells of it: rows for each loop. */
interface Part {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Part[];
}

/** Rows that all parts of a plan gave, or looked at in vain. */
function rowsOf(part: Part): number {
  const { 'Actual Rows': given, 'Actual Loops': loops, Plans: beneath = [] } = part;
  const inVain = (part['Rows Removed by Filter'] ?? 0) + (part['Rows Removed by Join Filter'] ?? 0);
  return (given + inVain) * loops + beneath.reduce((sum, one) => sum + rowsOf(one), 0);
}

it.each([
  ['and claims', { room: ROOM, timeoutMs: 15_000 }],
  ['and claims nothing', undefined],
])(
  'looks at each of very many webhooks a few times, and not once for each of the others, %s',
  async (_what, claiming) => {
    const server = await startTestServer({ role: 'api' });
    const { id } = await server.webhook('http://127.0.0.1:9/hook', ['order.paid']);
    const client = new pg.Client(server.databaseUrl);
    await client.connect();
    await copyWebhook(client, id, WEBHOOKS);
    // As PostgreSQL joins where it knows of few webhooks: from a plan that was made before there were more, for one.
    await client.query('SET enable_hashjoin = off; SET enable_mergejoin = off');
    const events = [{ id: newId(), type: 'order.paid', occurredAt: new Date(), data: '{}' }];
    const judged = { asked: [], filteredOut: [null] };
    const explained = await client.query<{ 'QUERY PLAN': [{ Plan: Part }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${insertText(server.get(Database).tables, { claiming: claiming !== undefined, followed: false })}`,
      insertValues({ tenantId: 'default', events, judged, claiming }),
    );
    const stored = await client.query(
      'SELECT status, count(*)::int FROM posthorn.delivery GROUP BY status ORDER BY status',
    );
    await client.end();
    await server.close();
    const claimed = claiming?.room.total ?? 0;
    expect(stored.rows).toEqual([
      { status: 'pending', count: WEBHOOKS - claimed },
      ...(claimed > 0 ? [{ status: 'sending', count: claimed }] : []),
    ]);
    expect(rowsOf(explained.rows[0]!['QUERY PLAN'][0].Plan)).toBeLessThan(50 * WEBHOOKS);
  },
);
