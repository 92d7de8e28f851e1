// BullMQ without its process-wide defaults: our queues run on our own backend (PostgreSQL, or Redis with REDIS_URL) and
// a host's queues on theirs. Jobs are hints that a row's time has come: losing every job loses nothing.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import {
  createRedisBackend,
  PostgresConnection,
  PostgresQueueBackend,
  runMigrations,
  withBackend,
  Worker,
} from 'bullmq';
import type { Processor as JobProcessor, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import pg from 'pg';
import { monotonicNow } from '../../kernel/clock.js';
import { inTime } from '../../kernel/in-time.js';
import { CONNECTION_TOKEN, SETTINGS_TOKEN } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';
import { pgConfig } from '../database/connection.js';
import type { DatabaseConnection } from '../database/connection.js';

// Every worker pins one connection to listen; the rest are shared by all queues and workers of the process.
const POOL_SIZE = 8;

// A job that never settles (its connection died mid-finish) must not hold up a shutdown.
const CLOSE_DEADLINE_MS = 3_000;

// An outage makes BullMQ emit about ten errors a second; one line per interval says it as well.
const ERROR_LOG_INTERVAL_MS = 10_000;
const IDLE_LOOK_SECONDS = 30;
const IDLE_CONNECTION_MS = 60_000;

@Injectable()
export class Queues implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Queues');
  private readonly workers: Worker[] = [];
  private readonly queues: Queue[] = [];
  private readonly redis: Redis[] = [];
  private readonly pool: pg.Pool | undefined;
  private readonly schema: string;
  private lastErrorAt = 0;

  constructor(
    @Inject(CONNECTION_TOKEN) connection: DatabaseConnection,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {
    this.schema = queueSchema(settings);
    if (settings.redisUrl) return;
    this.pool = new pg.Pool({
      ...pgConfig(connection),
      max: POOL_SIZE,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      // Said to the session, first of all: PgBouncer refuses it among the parameters of a connection. Awaited, whatever its type says.
      onConnect: (client): void => client.query(`SET search_path TO ${this.schema}`) as unknown as void,
    });
    this.pool.on('error', (error) => this.report(error));
  }

  /** Where jobs are kept. */
  get backend(): 'postgresql' | 'redis' {
    return this.settings.redisUrl ? 'redis' : 'postgresql';
  }

  /** Every queue that was opened. */
  get openQueues(): readonly Queue[] {
    return this.queues;
  }

  /** A queue on our backend. Adding rejects at once while the backend is away; callers treat that as a lost hint. */
  openQueue(name: string): Queue {
    const queue = this.classes().queue(name);
    queue.on('error', (error) => this.report(error));
    this.queues.push(queue);
    return queue;
  }

  /** A worker on our backend, not yet running. */
  openWorker(name: string, process: JobProcessor, concurrency: number): Worker {
    const worker = this.classes().worker(name, process, concurrency);
    worker.on('error', (error) => this.report(error));
    this.workers.push(worker);
    return worker;
  }

  /** Workers stop taking jobs and finish those they hold, within a deadline; then our connections end. */
  async beforeApplicationShutdown(): Promise<void> {
    const opened = [...this.workers, ...this.queues];
    const closing = opened.map((open) => open.close().catch((error: Error) => this.report(error)));
    const closed = await inTime(Promise.all(closing), CLOSE_DEADLINE_MS);
    if (!closed) {
      // A Redis that is away is asked for its leave for ever; a process that stops does not wait for the answer.
      for (const worker of this.workers) void worker.close(true).catch(() => undefined);
    }
    for (const redis of this.redis) redis.disconnect();
    await Promise.race([this.pool?.end(), new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  }

  private classes(): {
    queue: (name: string) => Queue;
    worker: (name: string, process: JobProcessor, concurrency: number) => Worker;
  } {
    // PostgreSQL keeps events for QueueEvents, which we do not use; ten are the fewest it takes.
    const streams = { events: { maxLen: 10 } };
    // An idle worker is woken by what is added; how often it looks unasked is a cost and no more, since rows are the truth.
    const workerOptions = { autorun: false, maxStalledCount: 100, drainDelay: IDLE_LOOK_SECONDS };
    if (this.settings.redisUrl) {
      // One hash tag, so that every key of a queue lives in one slot of a Redis Cluster.
      const common = { prefix: '{posthorn}' };
      const url = this.settings.redisUrl;
      const redis = withBackend(createRedisBackend);
      return {
        queue: (name) =>
          new redis.Queue(name, {
            ...common,
            connection: this.connectRedis(url, { enableOfflineQueue: false }),
            streams,
          }),
        worker: (name, process, concurrency) =>
          new redis.Worker(name, process, {
            ...common,
            ...workerOptions,
            connection: this.connectRedis(url, {}),
            concurrency,
          }),
      };
    }
    const pool = this.pool as pg.Pool;
    const postgres = withBackend(this.sharedPoolBackend(pool));
    return {
      queue: (name) => new postgres.Queue(name, { connection: pool, streams }) as unknown as Queue,
      worker: (name, process, concurrency) =>
        new postgres.Worker(name, process, { connection: pool, ...workerOptions, concurrency }) as unknown as Worker,
    };
  }

  /** A connection of ours: what BullMQ opens by itself, it also reconnects by itself after it was closed. */
  private connectRedis(url: string, options: RedisOptions): Redis {
    const redis = new Redis(url, { maxRetriesPerRequest: null, ...options });
    redis.on('error', (error) => this.report(error));
    this.redis.push(redis);
    return redis;
  }

  /** BullMQ ties a given pool to its default schema; this backend puts our schema on it, so one pool serves all queues. */
  private sharedPoolBackend(pool: pg.Pool): Parameters<typeof withBackend<PostgresQueueBackend, pg.Pool>>[0] {
    return (name, options, features) => {
      const connection = new PostgresConnection(pool);
      Object.assign(connection, { schema: this.schema });
      connection.setMaxListeners(50);
      return new PostgresQueueBackend(
        connection,
        name,
        options,
        true,
        features?.withBlockingConnection ? name : undefined,
      );
    };
  }

  private report(error: Error): void {
    const now = monotonicNow();
    if (this.lastErrorAt > 0 && now - this.lastErrorAt < ERROR_LOG_INTERVAL_MS) return;
    this.lastErrorAt = now;
    this.logger.warn(`The queue is unreachable; due work is found by polling until it is back: ${error.message}`);
  }
}

/** The schema of BullMQ's tables, beside ours. */
export const queueSchema = (settings: Pick<Settings, 'databaseSchema'>): string => `${settings.databaseSchema}_queue`;

/** Creates or updates BullMQ's tables in a schema of ours. Safe to run in any number of processes at once. */
export async function migrateQueues(connection: DatabaseConnection, schema: string): Promise<void> {
  const client = new pg.Client(pgConfig(connection));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [`${schema} migrations`]);
    await runMigrations(client, schema);
  } finally {
    await client.end();
  }
}
