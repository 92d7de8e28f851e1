// A database with weeks behind it: deliveries with their events and attempts, a partition a day, made by SQL. Rows are
// as dispatch, claim and settle leave them; partitions are filled, then indexed and attached, then vacuumed as autovacuum
// would have done by now. Tables are logged; only the settings of the session that fills them are for bulk work.
import { withClient } from './database.mjs';
import { lowestIdAt } from '../../dist/kernel/ids.js';

const DAY_MS = 86_400_000;

/** More than the retention of 30 days, so that there is something to drop. */
export const DAYS = 33;

/** Deliveries of each event. */
const FAN_OUT = 2;

/** Tenants, and how many of 100 events are theirs; `small` gets a handful of events a day besides. */
export const BIG = 'big';
export const MIDDLE = 'tenant-0';
export const SMALL = 'small';
const OTHERS = Array.from({ length: 20 }, (_, n) => `tenant-${n}`);
const BIG_PART = 60;
const WEBHOOKS_OF_EACH = 20;
const SMALL_EVERY_DAY = 12;

/** Event types and HTTP statuses that hardly any row has; the `old` ones occur in the oldest three days alone. */
export const RARE = { event: 'dispute.opened', oldEvent: 'legacy.closed', httpStatus: 418, oldHttpStatus: 202 };

/** Deliveries that wait, all of one webhook of the big tenant whose receiver is down. */
const RETRYING = 50_000;
const PENDING = 20_000;

/**
 * Fills a migrated database. Returns the webhooks of the tenants that questions are asked of.
 *
 * @param deliveries - How many, in all.
 * @param url - Where webhooks point.
 */
export async function makeHistory({ connection, tables, deliveries, url, say }) {
  return withClient(connection, async (client) => {
    await client.query(`SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET jit = off`);
    await makeWebhooks(client, tables, url);
    const events = Math.round(deliveries / DAYS / FAN_OUT);
    const today = Math.floor(Date.now() / DAY_MS);
    for (let day = today - DAYS + 1; day <= today; day += 1) {
      const isToday = day === today;
      const isOld = day < today - DAYS + 4;
      await client.query('BEGIN');
      await fillDay(client, tables, { day, isToday, isOld, events });
      await client.query('COMMIT');
      for (const table of ['event', 'delivery', 'delivery_attempt'])
        await client.query(`VACUUM (ANALYZE) ${tables[table]}_${suffixOf(day)}`);
      say?.(DAYS - (today - day), DAYS);
    }
    await addWaiting(client, tables, today);
    await client.query('CHECKPOINT');
    const { rows } = await client.query(
      `SELECT tenant_id, array_agg(id ORDER BY id) AS ids FROM ${tables.webhook} GROUP BY tenant_id`,
    );
    return Object.fromEntries(rows.map(({ tenant_id, ids }) => [tenant_id, ids]));
  });
}

async function makeWebhooks(client, t, url) {
  await client.query(`INSERT INTO ${t.tenant} (id, name) SELECT id, id FROM unnest($1::text[]) AS id`, [
    [BIG, SMALL, ...OTHERS],
  ]);
  await client.query(
    `INSERT INTO ${t.webhook} (id, tenant_id, url, patterns)
     SELECT (${uuid(`lpad(to_hex(1700000000000 + n), 12, '0')`, `md5(t.id || n)`, '8')}), t.id, $1, ARRAY['history.none']
     FROM ${t.tenant} t, generate_series(1, ${WEBHOOKS_OF_EACH}) AS n WHERE t.id <> 'default'`,
    [url],
  );
}

/** SQL of a UUIDv7 from 12 hexadecimal digits of its time and an MD5; ids of one time and MD5 share 18 characters. */
const uuid = (time, md5, variant, tail = md5) =>
  `(left(${time}, 8) || '-' || right(${time}, 4) || '-7' || left(${md5}, 3) || '-${variant}' || substr(${tail}, 4, 3) || '-' || substr(${tail}, 7, 12))::uuid`;

const suffixOf = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');

/** Where and until when the rows of a day lie. */
async function fillDay(client, t, { day, isToday, isOld, events }) {
  const [low, high] = [lowestIdAt(day * DAY_MS), lowestIdAt((day + 1) * DAY_MS)];
  const keys = { event: 'id', delivery: 'id', delivery_attempt: 'delivery_id' };
  const place = (table) => `${t[table]}_${suffixOf(day)}`;
  // Today's partitions are there already, and in use.
  if (!isToday)
    for (const table of Object.keys(keys))
      await client.query(`CREATE TABLE ${place(table)} (LIKE ${t[table]} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  // Today is as full as it is old.
  const span = isToday ? Date.now() - day * DAY_MS : DAY_MS;
  const count = Math.max(1, Math.round((events * span) / DAY_MS));
  await client.query(
    `CREATE TEMP TABLE day_event ON COMMIT DROP AS
     SELECT ${uuid('time', 'hash', '8')} AS id, tenant, type, to_timestamp(ms / 1000.0) AS at, n, hash, roll
     FROM (SELECT n, ms, lpad(to_hex(ms), 12, '0') AS time, hash, roll,
             CASE WHEN n <= ${SMALL_EVERY_DAY} THEN '${SMALL}' WHEN roll % 100 < ${BIG_PART} THEN '${BIG}'
                  ELSE 'tenant-' || roll / 100 % ${OTHERS.length} END AS tenant,
             CASE WHEN roll % 50021 = 7 THEN '${RARE.event}'
                  WHEN ${isOld} AND roll % 1009 = 3 THEN '${RARE.oldEvent}'
                  ELSE (ARRAY['order.created','order.completed','order.shipped','invoice.paid','invoice.due','user.created',
                              'user.updated','payment.captured','payment.refunded','stock.low'])[1 + roll / 7 % 10] END AS type
           FROM (SELECT n, (${day * DAY_MS} + (n - 1) * ${span / count})::bigint AS ms, hash, ('x' || left(hash, 7))::bit(28)::int AS roll
                 FROM generate_series(1, $1::int) AS n, md5('${day}/' || n) AS hash) a) b`,
    [count],
  );
  await client.query(
    `INSERT INTO ${place('event')} (id, tenant_id, type, occurred_at, data)
     SELECT id, tenant, type, at, convert_to('{"orderId":"' || n || '","note":"' || repeat(hash, 14) || '"}', 'UTF8')
     FROM day_event ORDER BY id`,
  );
  await client.query(
    `INSERT INTO ${place('delivery')} (id, tenant_id, event_id, event_type, webhook_id, status, reason, attempt_count,
       retries_used, last_http_status, created_at, completed_at)
     SELECT ${uuid('i', 'i_hash', '9', 'tail')}, tenant, id, type, webhook_id, status,
            CASE status WHEN 'failed' THEN 'attempts_exhausted' WHEN 'skipped' THEN 'webhook_disabled'
                        WHEN 'expired' THEN 'payload_erased' END,
            CASE status WHEN 'failed' THEN 4 WHEN 'skipped' THEN 0 WHEN 'expired' THEN 0 ELSE 1 END,
            CASE status WHEN 'failed' THEN 3 ELSE 0 END,
            CASE WHEN status = 'success' THEN CASE WHEN ${isOld} AND roll % 997 = 1 THEN ${RARE.oldHttpStatus} ELSE 200 END
                 WHEN status = 'failed' THEN CASE WHEN roll % 3 = 0 THEN NULL ELSE 500 + roll % 4 END
                 WHEN status = 'client_error' THEN CASE WHEN roll % 2003 = 5 THEN ${RARE.httpStatus} ELSE 400 + roll % 5 END END,
            at, at + interval '40 ms'
     FROM (SELECT e.*, left(translate(e.id::text, '-', ''), 12) AS i,
                  substr(translate(e.id::text, '-', ''), 14, 3) AS i_hash,
                  CASE WHEN dice < 150 THEN 'client_error' WHEN dice < 300 THEN 'failed' WHEN dice < 390 THEN 'skipped'
                       WHEN dice < 400 THEN 'expired' ELSE 'success' END AS status
           FROM (SELECT e.*, w.id AS webhook_id, md5(e.hash || w.place) AS tail FROM day_event e
                 JOIN (SELECT id, tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY id) - 1 AS place FROM ${t.webhook}) w
                   ON w.tenant_id = e.tenant AND (w.place + e.n) % ${WEBHOOKS_OF_EACH} < ${FAN_OUT} OFFSET 0) e,
                LATERAL (SELECT ('x' || substr(tail, 20, 7))::bit(28)::int % 10000 AS dice OFFSET 0) d) f
     ORDER BY 1`,
  );
  await client.query(
    `INSERT INTO ${place('delivery_attempt')} (delivery_id, number, tenant_id, started_at, duration_ms, outcome, http_status,
       url, request_headers, response_headers, response_body)
     SELECT d.id, n, d.tenant_id, d.created_at, 38,
            CASE d.status WHEN 'failed' THEN 'server_error' ELSE d.status END, d.last_http_status, 'https://example.com/hooks/42',
            '{"User-Agent":"Posthorn/0.1.0","X-Webhook-Event":"' || d.event_type || '","X-Webhook-Delivery":"' || d.id
              || '","X-Webhook-Attempt":"' || n || '","webhook-id":"' || d.event_id || '","webhook-timestamp":"1764000000",'
              || '"Content-Type":"application/json","X-Webhook-Signature":"[masked]","webhook-signature":"[masked]"}',
            convert_to('{"date":"Mon, 23 Nov 2026 10:00:00 GMT","connection":"keep-alive","content-type":"application/json","content-length":"11"}', 'UTF8'), NULL
     FROM ${place('delivery')} d, generate_series(1, d.attempt_count) AS n
     WHERE d.id >= $1 AND d.id < $2 AND d.attempt_count > 0 ORDER BY d.id, n`,
    [low, high],
  );
  if (isToday) return;
  for (const [table, key] of Object.entries(keys)) {
    await client.query(
      `ALTER TABLE ${place(table)} ADD CONSTRAINT bounds CHECK (${key} IS NOT NULL AND ${key} >= '${low}' AND ${key} < '${high}')`,
    );
    await client.query(
      `ALTER TABLE ${t[table]} ATTACH PARTITION ${place(table)} FOR VALUES FROM ('${low}') TO ('${high}')`,
    );
    await client.query(`ALTER TABLE ${place(table)} DROP CONSTRAINT bounds`);
  }
}

/** What waits: the receiver of one webhook of the big tenant is down, so its circuit is open. */
async function addWaiting(client, t, today) {
  const { rows } = await client.query(`SELECT id FROM ${t.webhook} WHERE tenant_id = $1 ORDER BY id LIMIT 1`, [BIG]);
  const webhookId = rows[0].id;
  await client.query(
    `INSERT INTO ${t.webhook_health} (webhook_id, tenant_id, consecutive_failures, failing_since, times_opened, paused_until)
     VALUES ($1, $2, 70000, now() - interval '2 days', 9, now() + interval '1 day')`,
    [webhookId, BIG],
  );
  for (const [status, count, from] of [
    ['retrying', RETRYING, (today - 1) * DAY_MS],
    ['pending', PENDING, today * DAY_MS],
  ])
    await client.query(
      `WITH made AS (
         SELECT n, md5('${status}' || n) AS hash, lpad(to_hex(($1 + (n - 1) * ($2::float8 - $1::float8) / $3)::bigint), 12, '0') AS time
         FROM generate_series(1, $3::int) AS n
       ), stored AS (
         INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data)
         SELECT ${uuid('time', 'hash', '8')}, $4, 'order.created', now(), convert_to('{"note":"' || repeat(hash, 14) || '"}', 'UTF8')
         FROM made ORDER BY time
       )
       INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count, retries_used,
                                  last_http_status, due_at)
       SELECT ${uuid('time', 'hash', '9')}, $4, ${uuid('time', 'hash', '8')}, 'order.created', $5, '${status}',
              $6::int, $6, CASE WHEN $6 > 0 THEN 503 END, now() + $6 * interval '12 hours'
       FROM made ORDER BY time`,
      [from, Date.now(), count, BIG, webhookId, status === 'retrying' ? 1 : 0],
    );
}
