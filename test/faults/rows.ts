// What a scenario asks of PostgreSQL itself: who holds what at the moment of a fault, and a record of every claim.
import pg from 'pg';

/** A delivery that was taken to be sent. */
export interface Claim {
  readonly webhookId: string;
  readonly delivery: string;
  /** Of the attempt that it was taken for. */
  readonly number: number;
  /** When the claim began, in milliseconds, by PostgreSQL's clock, which is the receiver's. */
  readonly at: number;
}

/** A pause of a webhook, as it was seen. */
export interface Pause {
  /** It was on disk by then, in milliseconds by PostgreSQL's clock. */
  readonly seenAt: number;
  readonly until: number;
}

/** A webhook pauses for seconds: between two looks no pause begins and ends. */
const LOOK_MS = 50;

const MILLISECONDS = (time: string): string => `extract(epoch FROM ${time})::float8 * 1000`;

export class Rows {
  constructor(private readonly databaseUrl: string) {}

  /**
   * As if the time of a lease had passed. True to life only while no worker runs: what remembers a lease then is the row
   * alone.
   */
  async endLeases(): Promise<void> {
    await this.sql(`UPDATE posthorn.delivery SET due_at = now() WHERE status = 'sending'`);
  }

  /** What is being sent, as `delivery/number`. */
  async beingSent(): Promise<ReadonlySet<string>> {
    const rows = await this.sql<{ key: string }>(
      `SELECT id || '/' || attempt_count AS key FROM posthorn.delivery WHERE status = 'sending'`,
    );
    return new Set(rows.map(({ key }) => key));
  }

  /** Whether every delivery is final, those of one webhook aside. */
  async isDone({ but }: { but: string }): Promise<boolean> {
    const [row] = await this.sql<{ left: number }>(
      `SELECT count(*)::int AS left FROM posthorn.delivery
       WHERE status IN ('pending', 'sending', 'retrying') AND webhook_id <> $1`,
      [but],
    );
    return row?.left === 0;
  }

  /** Has every claim written down, by its own transaction: what a crash of PostgreSQL undoes is not in the record. */
  async recordClaims(): Promise<void> {
    await this.sql(`
      CREATE TABLE public.claim_record (webhook_id uuid, delivery uuid, number int, at timestamptz DEFAULT now());
      CREATE FUNCTION public.record_claim() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO public.claim_record VALUES (new.webhook_id, new.id, new.attempt_count);
        RETURN NULL;
      END $$;
      CREATE TRIGGER record_claim AFTER UPDATE ON posthorn.delivery FOR EACH ROW
        WHEN (old.status = 'pending' AND new.status = 'sending') EXECUTE FUNCTION public.record_claim();`);
  }

  /** Every claim since the record began. */
  claims(): Promise<Claim[]> {
    return this.sql<Claim>(
      `SELECT webhook_id AS "webhookId", delivery, number, ${MILLISECONDS('at')} AS at FROM public.claim_record ORDER BY at`,
    );
  }

  /** Looks for pauses of a webhook until `stop` is called, which resolves with all that were seen. */
  watchPauses(webhookId: string): { readonly pauses: readonly Pause[]; stop(): Promise<readonly Pause[]> } {
    const pauses: Pause[] = [];
    let stopped = false;
    const watching = (async () => {
      while (!stopped) {
        // Away or not, it is looked again.
        await this.connected((client) => look(client)).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    })();
    const look = async (client: pg.Client): Promise<void> => {
      while (!stopped) {
        const { rows } = await client.query<{ until: number | null; at: number }>(
          `SELECT ${MILLISECONDS('paused_until')} AS until, ${MILLISECONDS('clock_timestamp()')} AS at
           FROM posthorn.webhook_health WHERE webhook_id = $1`,
          [webhookId],
        );
        for (const { until, at: seenAt } of rows)
          if (until !== null && !pauses.some((pause) => pause.until === until)) pauses.push({ seenAt, until });
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    };
    return {
      pauses,
      stop: async () => {
        stopped = true;
        await watching;
        return pauses;
      },
    };
  }

  private sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.connected(async (client) => (await client.query<Row>(text, values)).rows);
  }

  private async connected<Answer>(use: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
    const client = new pg.Client(this.databaseUrl);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }
}
