// Who may run which handler, and what came of it. A run belongs to whoever turned its row to `running`, until its lease
// ends by PostgreSQL's clock; `attempt_count` is the fence that tells two owners apart.
import { Injectable } from '@nestjs/common';
import { Database, Gatherer, plainArray, textArray } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { LANE_LOOK_MS, LEASE_MS } from './policy.js';

/** A run that its holder may start, until the lease ends. */
export interface ClaimedRun {
  readonly handler: string;
  readonly attempt: number;
  /** Steps of our own retry schedule that are used up. */
  readonly retriesUsed: number;
}

/** The stored event that runs belong to. */
export interface StoredEvent {
  readonly id: string;
  readonly tenantId: string;
  readonly source: string;
  readonly provider: string;
  readonly type: string;
  /** JSON of the masked headers. */
  readonly headers: string;
  readonly body: Buffer;
  readonly occurredAt: Date | null;
  readonly receivedAt: Date;
  /** The span that received it; `null` where nobody traced that. */
  readonly traceparent: string | null;
}

/** What handlers see of a stored event, in the form they see it in. */
export interface Content {
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Claim {
  readonly event: StoredEvent;
  /** Where it was read already: by whoever has just received it. */
  readonly content?: Content;
  readonly runs: readonly ClaimedRun[];
}

export interface RunOutcome {
  readonly eventId: string;
  readonly tenantId: string;
  readonly handler: string;
  readonly attempt: number;
  /** Why it failed; `null` when it succeeded. */
  readonly error: string | null;
  /** Until our own next try; `null` for none. */
  readonly waitMs: number | null;
}

/** Where an event stands for a copy that waits. */
export type Progress = 'processed' | 'failed' | 'in_progress' | 'interrupted';

const MAX_ATTEMPT = 2_147_483_647;

@Injectable()
export class HandlerRunsRepository {
  private readonly gatherer = new Gatherer<RunOutcome, Progress | undefined>({
    lineOf: ({ tenantId }) => tenantId,
    keyOf: ({ eventId }) => eventId,
    bytesOf: ({ error }) => error?.length ?? 0,
    write: (outcomes) => this.settleAll(outcomes),
  });

  constructor(private readonly database: Database) {}

  /**
   * Takes the unfinished runs of one event, or none while another holder's lease lives, so that its handlers never run
   * beside each other. `due` takes only those whose own retry has come, and counts it.
   *
   * Locks: the event's unfinished run rows in the order of their position, then the event's row. Of any number of
   * concurrent claims one gets them: the others wait for the row locks, see `running`, and take nothing. Index: the
   * primary keys. Not the query builder: it has no UPDATE from a locked select.
   */
  async claim(eventId: string, which: 'unfinished' | 'due'): Promise<Claim | undefined> {
    const { received_event, handler_run } = this.database.tables;
    const [row] = await this.database.query<StoredEvent & { runs: ClaimedRun[] }>(
      {
        name: 'posthorn_runs_claim',
        text: `
          WITH open AS (
            SELECT handler FROM ${handler_run}
            WHERE received_event_id = $1 AND (status IN ('pending', 'failed') OR status = 'running' AND due_at <= now())
              AND ($2 = 'unfinished' OR due_at <= now())
            ORDER BY position
            FOR UPDATE
          ), claimed AS (
            UPDATE ${handler_run} r
            SET status = 'running', attempt_count = r.attempt_count + 1, due_at = now() + $3::float8 * interval '1 millisecond',
              retries_used = r.retries_used + CASE WHEN $2 = 'due' AND r.status = 'failed' THEN 1 ELSE 0 END
            FROM open
            WHERE r.received_event_id = $1 AND r.handler = open.handler AND NOT EXISTS (
              SELECT FROM ${handler_run} WHERE received_event_id = $1 AND status = 'running' AND due_at > now())
            RETURNING r.handler, r.position, r.attempt_count, r.retries_used
          )
          UPDATE ${received_event} SET status = 'processing', processed_at = NULL
          WHERE id = $1 AND EXISTS (SELECT FROM claimed)
          RETURNING id, tenant_id AS "tenantId", source, provider, type, headers, body, traceparent, occurred_at AS "occurredAt",
            received_at AS "receivedAt", (
              SELECT json_agg(json_build_object('handler', handler, 'attempt', attempt_count, 'retriesUsed', retries_used)
                ORDER BY position)
              FROM claimed) AS runs`,
      },
      [eventId, which, LEASE_MS],
    );
    if (!row) return undefined;
    const { runs, ...event } = row;
    return { event, runs };
  }

  /** Lengthens the lease of runs that are still ours, and says which are. Locks their rows; index: the primary key. */
  async renew(eventId: string, runs: readonly ClaimedRun[]): Promise<Set<string>> {
    const rows = await this.database.query<{ handler: string }>(
      {
        name: 'posthorn_runs_renew',
        text: `
          UPDATE ${this.database.tables.handler_run} r SET due_at = now() + $4::float8 * interval '1 millisecond'
          FROM unnest($2::text[], $3::integer[]) AS ours (handler, attempt)
          WHERE r.received_event_id = $1 AND r.handler = ours.handler AND r.attempt_count = ours.attempt
            AND r.status = 'running'
          RETURNING r.handler`,
      },
      [eventId, runs.map(({ handler }) => handler), runs.map(({ attempt }) => attempt), LEASE_MS],
    );
    return new Set(rows.map(({ handler }) => handler));
  }

  /**
   * Records what a handler did and what that makes of the event, and says it; `undefined` where the run is not ours any
   * more, and nothing was recorded. An outcome counts while nobody else claimed the run after us, even if the lease had
   * ended meanwhile: a success must not be run again for being late. Outcomes that come at the same moment share a statement.
   */
  settle(outcome: RunOutcome): Promise<Progress | undefined> {
    return this.gatherer.add(outcome);
  }

  /**
   * The same for outcomes of different events, in the caller's transaction where `executor` is one, whose `now()` is when it
   * began.
   *
   * One statement. Locks: the runs' rows, then the rows of those events that change; whoever else wants a run and its event
   * takes them in that order. Index: the primary keys; BETWEEN holds for every row, and PostgreSQL takes it to hold for one in
   * 200, so that it goes by them even where it plans on empty tables.
   */
  async settleAll(
    outcomes: readonly RunOutcome[],
    executor: SqlExecutor = this.database,
  ): Promise<(Progress | undefined)[]> {
    const { received_event, handler_run } = this.database.tables;
    const rows = await executor.query<{ id: string; status: Progress | 'processing' }>(
      {
        name: 'posthorn_run_settle',
        text: `
          WITH input AS (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::float8[])
              AS i (event_id, handler, attempt, error, wait_ms)
          ), settled AS (
            UPDATE ${handler_run} r
            SET status = CASE WHEN i.error IS NULL THEN 'succeeded' ELSE 'failed' END, error = i.error,
              finished_at = statement_timestamp(), due_at = statement_timestamp() + i.wait_ms * interval '1 millisecond'
            FROM input i
            WHERE r.received_event_id = i.event_id AND r.handler = i.handler AND r.attempt_count = i.attempt
              AND r.status IN ('running', 'failed') AND i.attempt BETWEEN 0 AND ${MAX_ATTEMPT}
            RETURNING r.received_event_id AS id, r.handler, r.status
          ), whole AS (
            SELECT s.id, w.status
            FROM settled s CROSS JOIN LATERAL (
              SELECT CASE
                WHEN bool_and(now_is = 'succeeded') THEN 'processed'
                WHEN bool_or(now_is IN ('pending', 'running')) THEN 'processing'
                ELSE 'failed' END AS status
              FROM (
                SELECT CASE WHEN handler = s.handler THEN s.status ELSE status END AS now_is
                FROM ${handler_run} WHERE received_event_id = s.id) run
            ) w
          ), event AS (
            UPDATE ${received_event} e
            SET status = whole.status, processed_at = CASE WHEN whole.status = 'processed' THEN statement_timestamp() END
            FROM whole WHERE e.id = whole.id AND e.status <> whole.status
          )
          SELECT id, status FROM whole`,
      },
      [
        plainArray(outcomes.map(({ eventId }) => eventId)),
        textArray(outcomes.map(({ handler }) => handler)),
        plainArray(outcomes.map(({ attempt }) => attempt)),
        textArray(outcomes.map(({ error }) => error)),
        plainArray(outcomes.map(({ waitMs }) => waitMs)),
      ],
    );
    const progressOf = new Map(rows.map(({ id, status }) => [id, status === 'processing' ? 'in_progress' : status]));
    return outcomes.map(({ eventId }) => progressOf.get(eventId));
  }

  /**
   * Puts a run off that found its lane taken, as if it had not been started; `undefined` where it is not ours any more. Its
   * attempt number is given back: nobody else can hold it. Locks the run's row; index: the primary key.
   */
  async putOff(eventId: string, { handler, attempt }: ClaimedRun, serialKey: string): Promise<Progress | undefined> {
    const rows = await this.database.query(
      {
        name: 'posthorn_run_put_off',
        text: `
          UPDATE ${this.database.tables.handler_run}
          SET status = 'pending', attempt_count = attempt_count - 1, serial_key = $4,
            due_at = now() + $5::float8 * interval '1 millisecond'
          WHERE received_event_id = $1 AND handler = $2 AND attempt_count = $3 AND status = 'running'
          RETURNING 1`,
      },
      [eventId, handler, attempt, serialKey, LANE_LOOK_MS],
    );
    return rows.length > 0 ? 'in_progress' : undefined;
  }

  /** Where an event stands. `interrupted`: unfinished, and nobody holds it. No locks; index: the primary keys. */
  async findProgress(eventId: string): Promise<Progress> {
    const { received_event, handler_run } = this.database.tables;
    const [row] = await this.database.query<{ status: string; held: boolean }>(
      {
        name: 'posthorn_runs_progress',
        text: `
          SELECT e.status, EXISTS (
            SELECT FROM ${handler_run} WHERE received_event_id = $1 AND status = 'running' AND due_at > now()) AS held
          FROM ${received_event} e WHERE e.id = $1`,
      },
      [eventId],
    );
    if (row?.held) return 'in_progress';
    if (row?.status === 'failed') return 'failed';
    return row?.status === 'processing' ? 'interrupted' : 'processed';
  }

  /** Makes the failed runs of one event due now, as if it had just come; says whether there were any. */
  async requeue(eventId: string): Promise<boolean> {
    const { received_event, handler_run } = this.database.tables;
    const rows = await this.database.query(
      {
        // Locks the failed run rows, then the event's row, as settling does. Index: the primary keys.
        text: `
          WITH due AS (
            UPDATE ${handler_run} SET status = 'pending', due_at = now()
            WHERE received_event_id = $1 AND status = 'failed' RETURNING 1
          )
          UPDATE ${received_event} SET status = 'processing' WHERE id = $1 AND EXISTS (SELECT FROM due) RETURNING 1`,
      },
      [eventId],
    );
    return rows.length > 0;
  }
}
