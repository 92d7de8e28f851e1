// LISTEN and NOTIFY: hints between processes that there is work. A lost hint costs a poll interval, never an event.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import { CONNECTION_TOKEN, SETTINGS_TOKEN } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';
import { pgConfig } from './connection.js';
import type { DatabaseConnection } from './connection.js';
import { Database } from './database.js';
import type { Statement } from './database.js';
import { Hint } from './hint.js';

const RECONNECT_MS = 1_000;

// At its commit, NOTIFY takes a lock of the whole database. So one hint is sent per interval, however many are asked for: the
// first at once, and at the end of the interval one for all that were asked for meanwhile.
const COALESCE_MS = 10;

// Commits without waiting for the disk: it would wait holding that lock, a hundred times a second. Nothing is lost, because whoever
// hears a hint looks at rows that are on disk already.
const HINT: Statement = {
  name: 'posthorn_hint',
  text: `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`,
};

/** PostgreSQL takes less than 8,000 bytes with a NOTIFY: ids, each with its comma. */
export const MAX_NAMES_OF_HINT = 200;

/** @param names - What the hint is about, as far as it told; `undefined`: anything. */
type Listener = (names: readonly string[] | undefined) => void;

const payloadOf = (names: readonly string[] | undefined): string => names?.join(',') ?? '';

@Injectable()
export class Notifications implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Notifications');
  private readonly listeners = new Map<string, Set<Listener>>();
  /** Channels within their interval. */
  private readonly resting = new Map<string, NodeJS.Timeout>();
  /** What those of them were asked to tell since. */
  private readonly asked = new Map<string, Hint>();
  private client: pg.Client | undefined;
  /** A connection takes one statement at a time. */
  private listening: Promise<unknown> = Promise.resolve();
  private reconnect: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    @Inject(CONNECTION_TOKEN) private readonly connection: DatabaseConnection,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly database: Database,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.connect();
  }

  /** Calls `listener` when any process hinted at `topic`, and after each reconnect, since hints may have been missed. */
  listen(topic: string, listener: Listener): void {
    const channel = this.channel(topic);
    let listeners = this.listeners.get(channel);
    if (!listeners) this.listeners.set(channel, (listeners = new Set()));
    listeners.add(listener);
    // Without a connection, connecting does it.
    this.listening = this.listening.then(() => this.client?.query(`LISTEN ${channel}`)).catch(() => undefined);
  }

  /**
   * Hints at `topic`, once for many calls, on a connection of its own: for work that is already committed.
   *
   * @param names - Ids that it is about, so that who hears of it need not look at anything else. Without: anything.
   */
  hint(topic: string, names?: readonly string[]): void {
    if (!this.stopped) this.ask(this.channel(topic), new Hint(MAX_NAMES_OF_HINT).add(names));
  }

  /** The statement that hints at `topic` from inside a caller's transaction: sent at commit, and only then. */
  hintStatement(topic: string, names?: readonly string[]): { text: string } {
    const payload = pg.escapeLiteral(payloadOf(new Hint(MAX_NAMES_OF_HINT).add(names).names));
    return { text: `NOTIFY ${this.channel(topic)}, ${payload}` };
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnect);
    for (const timer of this.resting.values()) clearTimeout(timer);
    await this.client?.end().catch(() => undefined);
  }

  private ask(channel: string, hint: Hint): void {
    if (this.resting.has(channel))
      return void this.asked.set(channel, (this.asked.get(channel) ?? new Hint(MAX_NAMES_OF_HINT)).add(hint.names));
    this.database.query(HINT, [channel.slice(1, -1), payloadOf(hint.names)]).catch(() => undefined);
    const rested = (): void => {
      this.resting.delete(channel);
      const next = this.asked.get(channel);
      this.asked.delete(channel);
      if (next) this.ask(channel, next);
    };
    this.resting.set(channel, setTimeout(rested, COALESCE_MS));
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({ ...pgConfig(this.connection), application_name: 'posthorn-listen' });
    const lost = (): void => {
      if (this.stopped || this.client !== client) return;
      this.client = undefined;
      this.logger.warn('Lost the listening connection; polling until it is back.');
      this.retryConnect();
    };
    client.on('error', lost).on('end', lost);
    client.on('notification', ({ channel, payload }) => {
      const names = payload ? payload.split(',') : undefined;
      this.listeners.get(`"${channel}"`)?.forEach((listener) => listener(names));
    });
    try {
      await client.connect();
      if (this.stopped) return await client.end();
      for (const channel of this.listeners.keys()) await client.query(`LISTEN ${channel}`);
      this.client = client;
      for (const listeners of this.listeners.values()) listeners.forEach((listener) => listener(undefined));
    } catch {
      await client.end().catch(() => undefined);
      this.retryConnect();
    }
  }

  private retryConnect(): void {
    if (this.stopped) return;
    this.reconnect = setTimeout(() => void this.connect(), RECONNECT_MS);
  }

  private channel(topic: string): string {
    return `"${this.settings.databaseSchema}_${topic}"`;
  }
}
