// What happens to deliveries, kept for some minutes for those who watch. Only of tenants that somebody follows is anything
// kept, in a statement of its own after the outcomes are on disk: a stream that nobody reads costs one look into a map.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { monotonicNow, systemClock } from '../../kernel/clock.js';
import { lowestIdAt, newId } from '../../kernel/ids.js';
import { Database, Notifications, plainArray, TenantDatabase, textArray } from '../../platform/database/index.js';
import type { LiveEntry, LiveKind } from './live-entry.js';

/** Hinted at whenever something was kept. */
export const LIVE_TOPIC = 'live';
const FOLLOWED_TOPIC = 'live_followed';

/** How often it is said that somebody follows, and how long that counts: who connects again within it has missed nothing. */
const ANNOUNCE_MS = 5_000;
const FOLLOWED_MS = 60_000;

/** How long entries are kept for those who connect again. */
const KEPT_MS = 600_000;
const FORGET_MS = 60_000;

/** An entry as it is kept. */
interface KeptEntry {
  readonly id: string;
  readonly kind: LiveKind;
  /** JSON. */
  readonly data: string;
}

/** From where on, and what of it is known already. */
interface LivePlace {
  readonly after: string;
  readonly known: readonly string[];
}

@Injectable()
export class LiveFeed implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('LiveFeed');
  /** Followers in this process, by tenant. */
  private readonly followers = new Map<string, number>();
  /** Tenants followed anywhere, and until when, on the monotonic clock. */
  private followed = new Map<string, number>();
  private announcing: NodeJS.Timeout | undefined;
  private forgotAt = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    private readonly notifications: Notifications,
  ) {}

  onModuleInit(): void {
    this.notifications.listen(FOLLOWED_TOPIC, () => void this.attempt(() => this.readFollowed()));
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.announcing);
  }

  /** Whether anybody follows anything: else there is nothing to make entries for. */
  get isFollowed(): boolean {
    return this.followed.size > 0;
  }

  /** Whether anybody follows a tenant. */
  follows(tenantId: string): boolean {
    const until = this.followed.get(tenantId);
    return until !== undefined && until >= monotonicNow();
  }

  /** Keeps those whose tenant is followed. Never rejects: who misses one finds it in the log. */
  async append(entries: readonly LiveEntry[]): Promise<void> {
    const now = monotonicNow();
    for (const [tenantId, until] of this.followed) if (until < now) this.followed.delete(tenantId);
    const kept = entries.filter(({ tenantId }) => this.followed.has(tenantId));
    if (kept.length === 0) return;
    await this.attempt(async () => {
      // In the order in which they happened, which is that of their ids. Locks nothing that anybody waits for.
      await this.database.query(
        {
          name: 'posthorn_live_append',
          text: `INSERT INTO ${this.database.tables.live_entry} (id, tenant_id, kind, data)
                 SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])`,
        },
        [
          plainArray(kept.map(() => newId())),
          textArray(kept.map(({ tenantId }) => tenantId)),
          plainArray(kept.map(({ kind }) => kind)),
          textArray(kept.map(({ data }) => JSON.stringify(data))),
        ],
      );
      this.notifications.hint(LIVE_TOPIC);
    });
  }

  /** Has what happens to a tenant's deliveries kept from now on, in every process, until the answer is called. */
  async follow(tenantId: string): Promise<() => void> {
    this.followers.set(tenantId, (this.followers.get(tenantId) ?? 0) + 1);
    this.announcing ??= setInterval(() => void this.attempt(() => this.announce()), ANNOUNCE_MS);
    const leave = (): void => this.leave(tenantId);
    try {
      await this.announce();
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Entries after a place, oldest first. No locks; index: the primary key. Planned each time, as what is known may be long. */
  findNew(
    tenantId: string,
    kinds: readonly LiveKind[],
    { after, known }: LivePlace,
    limit: number,
  ): Promise<KeptEntry[]> {
    return this.tenants.of(tenantId).query<KeptEntry>(
      {
        text: `SELECT id, kind, data FROM ${this.database.tables.live_entry}
               WHERE tenant_id = $1 AND id > $2 AND kind = ANY ($3::text[]) AND id <> ALL ($4::uuid[]) ORDER BY id LIMIT $5`,
      },
      [tenantId, after, kinds, known, limit],
    );
  }

  /** The newest ids after a place. No locks; index as above. */
  async findNewest(
    tenantId: string,
    kinds: readonly LiveKind[],
    { after }: LivePlace,
    limit: number,
  ): Promise<string[]> {
    const rows = await this.tenants.of(tenantId).query<{ id: string }>(
      {
        text: `SELECT id FROM ${this.database.tables.live_entry}
               WHERE tenant_id = $1 AND id > $2 AND kind = ANY ($3::text[]) ORDER BY id DESC LIMIT $4`,
      },
      [tenantId, after, kinds, limit],
    );
    return rows.map(({ id }) => id);
  }

  private leave(tenantId: string): void {
    const left = (this.followers.get(tenantId) ?? 1) - 1;
    if (left > 0) return void this.followers.set(tenantId, left);
    this.followers.delete(tenantId);
    if (this.followers.size > 0) return;
    clearInterval(this.announcing);
    this.announcing = undefined;
  }

  private async announce(): Promise<void> {
    const { live_follower } = this.database.tables;
    await this.database.query(
      {
        // Several processes may say so of one tenant at once: in one order, so that none waits for another in a circle.
        text: `INSERT INTO ${live_follower} (tenant_id, until)
               SELECT id, now() + $2 * interval '1 ms' FROM unnest($1::text[]) AS t (id) ORDER BY id
               ON CONFLICT (tenant_id) DO UPDATE SET until = excluded.until`,
      },
      [[...this.followers.keys()], FOLLOWED_MS],
    );
    this.notifications.hint(FOLLOWED_TOPIC);
    await this.readFollowed();
    if (monotonicNow() - this.forgotAt < FORGET_MS) return;
    this.forgotAt = monotonicNow();
    await this.forget();
  }

  private async readFollowed(): Promise<void> {
    const rows = await this.database.query<{ tenant_id: string; left_ms: number }>({
      text: `SELECT tenant_id, extract(epoch FROM until - now())::float8 * 1000 AS left_ms
             FROM ${this.database.tables.live_follower} WHERE until > now()`,
    });
    const now = monotonicNow();
    this.followed = new Map(rows.map(({ tenant_id, left_ms }) => [tenant_id, now + left_ms]));
  }

  /** Locks the rows it deletes, which nobody reads any more. Index: the primary key, for each tenant that was followed. */
  private async forget(): Promise<void> {
    const { live_entry, live_follower } = this.database.tables;
    await this.database.query(
      { text: `DELETE FROM ${live_entry} e USING ${live_follower} f WHERE e.tenant_id = f.tenant_id AND e.id < $1` },
      [lowestIdAt(systemClock() - KEPT_MS)],
    );
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn(`Readers of the stream may miss something: ${(error as Error).message}`);
    }
  }
}
