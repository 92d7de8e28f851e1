// Whose turn it is among more webhooks than one claim has room for.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FIRST_ID, lowestIdAt } from '../../src/kernel/ids.js';
import { ClaimQuery } from '../../src/delivery/claim/claim.js';
import { Database } from '../../src/platform/database/index.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const WEBHOOKS = 1_000;
const ROOM = 256;
/** So many rounds over all webhooks are made. */
const ROUNDS = 3;

let server: TestServer;
let database: Database;
beforeAll(async () => {
  // The statement alone is tried: nobody else may claim.
  server = await startTestServer({ role: 'api' });
  database = server.get(Database);
});
afterAll(() => server.close());

const webhookId = (n: number): string => `00000000-0000-7000-a000-${String(n).padStart(12, '0')}`;

const sql = (text: string, values: unknown[] = []): Promise<unknown> => database.query({ name: '', text }, values);

it('comes to every webhook once a round, also to one that was just changed', async () => {
  await sql(
    `INSERT INTO posthorn.webhook (id, tenant_id, url, patterns)
     SELECT ('00000000-0000-7000-a000-' || lpad(n::text, 12, '0'))::uuid, 'default', 'https://a.example/', '{*}'
     FROM generate_series(0, $1 - 1) AS n`,
    [WEBHOOKS],
  );
  // Its row is written anew, behind all others.
  await sql(`UPDATE posthorn.webhook SET description = repeat('x', 200) WHERE id = $1`, [webhookId(5)]);
  const eventId = lowestIdAt(Date.now());
  await sql(
    `INSERT INTO posthorn.event (id, tenant_id, type, occurred_at, data) VALUES ($1, 'default', 'a.b', now(), '{}')`,
    [eventId],
  );
  await sql(
    `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count, due_at)
     SELECT (left($1::text, 18) || right(gen_random_uuid()::text, 18))::uuid, 'default', $1::uuid, 'a.b', w.id, 'pending', 0, now()
     FROM posthorn.webhook w, generate_series(1, ${2 * ROUNDS})`,
    [eventId],
  );
  await sql('ANALYZE posthorn.webhook, posthorn.delivery, posthorn.event');

  const claimed = new Map<string, number>();
  let after = FIRST_ID;
  for (let round = 0; round < ROUNDS;) {
    const room = { total: ROOM, perWebhook: 1, perBusyWebhook: new Map<string, number>(), takesLarge: true };
    const claim = await server.get(ClaimQuery).claim(room, { after, lowWater: FIRST_ID });
    for (const { webhookId: id } of claim.claimed) claimed.set(id, (claimed.get(id) ?? 0) + 1);
    after = claim.lastWebhookId ?? FIRST_ID;
    if (claim.lastWebhookId === undefined) round += 1;
  }
  expect([...new Set(claimed.values())]).toEqual([ROUNDS]);
  expect(claimed.size).toBe(WEBHOOKS);
});
