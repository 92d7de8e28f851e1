// Very many webhooks, without the milliseconds that making one takes.
import type pg from 'pg';

/** As many like this one, so that there are `count` of them. */
export async function copyWebhook(client: pg.Client, id: string, count: number): Promise<void> {
  const { rows } = await client.query<{ columns: string }>(
    `SELECT string_agg(quote_ident(attname), ', ') AS columns FROM pg_attribute
     WHERE attrelid = 'posthorn.webhook'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id'`,
  );
  const columns = rows[0]?.columns;
  await client.query(
    `INSERT INTO posthorn.webhook (id, ${columns})
     SELECT gen_random_uuid(), ${columns} FROM posthorn.webhook, generate_series(2, $2::int) WHERE id = $1`,
    [id, count],
  );
}
