// Several workers on one database, and a record that PostgreSQL keeps of every claim: what limits say is judged by it,
// not by the speed of this machine.
import { afterEach } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

/** One attempt that was claimed. */
export interface ClaimedAttempt {
  readonly id: string;
  /** When, in milliseconds, by PostgreSQL's clock. */
  readonly at: number;
}

export class PaceScene {
  private readonly servers: TestServer[] = [];

  private constructor(
    private readonly pool: pg.Pool,
    private readonly shared: PosthornOptions,
  ) {}

  static async open(options: PosthornOptions = {}): Promise<PaceScene> {
    const { url: databaseUrl } = await cloneDatabase();
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    pool.on('error', () => undefined);
    await pool.query(`
      CREATE TABLE claim_log (delivery_id uuid, webhook_id uuid, at timestamptz DEFAULT clock_timestamp());
      CREATE FUNCTION log_claim() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO claim_log (delivery_id, webhook_id) VALUES (NEW.id, NEW.webhook_id); RETURN NULL; END';
      CREATE TRIGGER log_claim AFTER UPDATE ON posthorn.delivery FOR EACH ROW
        WHEN (OLD.status = 'pending' AND NEW.status = 'sending') EXECUTE FUNCTION log_claim()`);
    const encryptionKey = randomBytes(32).toString('base64');
    return new PaceScene(pool, {
      databaseUrl,
      encryptionKey,
      retrySchedule: ['20ms', '20ms'],
      circuitAfter: 0,
      // Receivers are closed before; what is cut off would be sent twice.
      shutdownTimeout: '60s',
      ...options,
    });
  }

  /** Starts one more server that delivers. */
  async worker(): Promise<TestServer> {
    const server = await startTestServer(this.shared);
    this.servers.push(server);
    return server;
  }

  /** Stops a server as an operator would. */
  async stop(server: TestServer): Promise<void> {
    this.servers.splice(this.servers.indexOf(server), 1);
    await server.close();
  }

  async close(): Promise<void> {
    for (const server of this.servers.splice(0)) await server.close();
    await this.pool.end();
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, [...values])).rows;
  }

  /** Every attempt that was claimed for a webhook, in order. */
  claims(webhookId: string): Promise<ClaimedAttempt[]> {
    return this.sql<{ id: string; at: number }>(
      `SELECT delivery_id AS id, extract(epoch FROM at)::float8 * 1000 AS at FROM claim_log WHERE webhook_id = $1 ORDER BY at`,
      [webhookId],
    );
  }

  /** How many deliveries of a webhook are in a status. */
  async count(webhookId: string, status: string): Promise<number> {
    const [row] = await this.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM posthorn.delivery WHERE webhook_id = $1 AND status = $2`,
      [webhookId, status],
    );
    return row?.count ?? 0;
  }
}

/** Most attempts that were claimed in any `windowMs`. */
export function mostInAnyWindow(claims: readonly ClaimedAttempt[], windowMs: number): number {
  return Math.max(
    0,
    ...claims.map(({ at }) => claims.filter((other) => other.at > at - windowMs && other.at <= at).length),
  );
}

/** What a test opens, closed after it, last opened first. */
export function closedAfterEach(): {
  scene: typeof PaceScene.open;
  receive: typeof TestReceiver.start;
  keep: (one: { close(): Promise<unknown> }) => void;
  /** Closes one of them before the test is over. */
  closeNow: (one: { close(): Promise<unknown> }) => Promise<unknown>;
} {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  const kept = async <One extends { close(): Promise<unknown> }>(one: Promise<One>): Promise<One> => {
    open.push(await one);
    return one;
  };
  return {
    scene: (options) => kept(PaceScene.open(options)),
    receive: (answer) => kept(TestReceiver.start(answer)),
    keep: (one) => void open.push(one),
    closeNow: (one) => {
      open.splice(open.indexOf(one), 1);
      return one.close();
    },
  };
}
