// The rows behind receiving, for what no door shows or makes: leases, the ledger, the passing of time, and sources of any kind.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { SecretBox } from '../../src/kernel/secret-box.js';
import { eventually } from '../setup/eventually.js';
import { STRIPE_SECRET } from './sender.harness.js';

/** What seals the secrets of sources, in the rows and in the shops. */
export const ENCRYPTION_KEY = randomBytes(32).toString('base64');

export class Rows {
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 2 });
    this.pool.on('error', () => undefined);
  }

  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** A received event by the sender's id. */
  async event(
    externalId: string,
  ): Promise<{ id: string; status: string; conflict: boolean; headers: string; body: Buffer } | undefined> {
    const [row] = await this.query<{ id: string; status: string; conflict: boolean; headers: string; body: Buffer }>(
      'SELECT id, status, conflict, headers, body FROM posthorn.received_event WHERE external_id = $1 ORDER BY id DESC',
      [externalId],
    );
    return row;
  }

  async runs(
    externalId: string,
  ): Promise<
    { handler: string; status: string; attempt_count: number; error: string | null; due_in: number | null }[]
  > {
    return this.query(
      `SELECT r.handler, r.status, r.attempt_count, r.error, extract(epoch FROM r.due_at - now())::float8 AS due_in
       FROM posthorn.handler_run r JOIN posthorn.received_event e ON e.id = r.received_event_id
       WHERE e.external_id = $1 ORDER BY r.position`,
      [externalId],
    );
  }

  /** Keeps the rows that a statement locks locked until `count` others wait for locks; then lets all go at once. */
  async untilOthersWait(count: number, text: string, values: unknown[]): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(text, values);
      const waiting = `SELECT count(*)::integer AS n FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await eventually(async () => ((await this.query<{ n: number }>(waiting))[0]?.n ?? 0) >= count, 'others wait');
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  end(): Promise<void> {
    return this.pool.end();
  }
}

/** A source as it is stored. */
export interface NewSource {
  readonly name: string;
  readonly tenant?: string;
  /** @defaultValue `stripe` */
  readonly provider?: string;
  /** Newest last. @defaultValue Stripe's */
  readonly secrets?: readonly string[];
  readonly config?: object;
  readonly processing?: 'inline' | 'queued';
  readonly maxBodyBytes?: number;
  readonly toleranceSeconds?: number;
}

/** Stores a source as the API will, since no environment variable makes it. */
export async function addSource(rows: Rows, source: NewSource): Promise<void> {
  const { name, tenant = 'default', provider = 'stripe', processing = 'inline', maxBodyBytes = null } = source;
  const { secrets = [STRIPE_SECRET], config = {}, toleranceSeconds = null } = source;
  const id = newId();
  const box = new SecretBox([Buffer.from(ENCRYPTION_KEY, 'base64')]);
  await rows.query('INSERT INTO posthorn.tenant (id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING', [tenant]);
  await rows.query(
    `INSERT INTO posthorn.source (id, tenant_id, name, provider, processing, max_body_bytes, config, tolerance_seconds)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, tenant, name, provider, processing, maxBodyBytes, config, toleranceSeconds],
  );
  for (const secret of secrets) {
    const secretId = newId();
    await rows.query(
      'INSERT INTO posthorn.source_secret (id, tenant_id, source_id, ciphertext, hint) VALUES ($1, $2, $3, $4, $5)',
      [secretId, tenant, id, box.seal(secret, secretId), '…'],
    );
  }
}
