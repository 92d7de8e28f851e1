// What the API answers about keys, tenants, portal links and who changed what, as far as the page reads it.
import type { Scope } from '../../../src/platform/access/scopes';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** How the key begins. */
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

/** A key just made: the only answer that shows it. */
export interface CreatedApiKey extends ApiKey {
  readonly key?: string;
}

export interface TenantSettings {
  readonly id: string;
  readonly name: string;
  /** Null: as the installation says. */
  readonly maxWebhooks: number | null;
  readonly maxSources: number | null;
  readonly createdAt: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  /** Without values where those are not kept. */
  readonly changes: readonly { readonly field: string; readonly before?: unknown; readonly after?: unknown }[];
  readonly requestId: string;
  readonly address: string | null;
}

export interface PortalSession {
  readonly id: string;
  readonly sections: readonly string[];
  readonly readOnly: boolean;
  readonly user: string | null;
  readonly expiresAt: string;
  /** Shown this once. */
  readonly url?: string;
}

export interface ReEncrypted {
  readonly reencrypted: number;
  /** Those that no key of the installation opens. */
  readonly unreadable: number;
}

/** How what is sealed stands. */
export interface SealedState {
  readonly sealed: number;
  /** Not under the first key. */
  readonly outdated: number;
}

export interface QueueState {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly oldestWaitingSince: string | null;
  readonly nextDelayedAt: string | null;
  readonly lastFailed: readonly { readonly id: string; readonly reason: string; readonly at: string }[];
}

export interface Queues {
  readonly backend: 'postgresql' | 'redis';
  /** Without a state where the queue does not answer. */
  readonly data: readonly { readonly name: string; readonly state: QueueState | null }[];
}

export interface StoredTable {
  readonly table: string;
  readonly partitions: number;
  /** A day in UTC. Null without partitions. */
  readonly oldestDay: string | null;
  readonly newestDay: string | null;
  readonly bytes: number;
  /** Partitions past the retention that are still there. */
  readonly pastRetention: number;
}

export interface Storage {
  readonly retentionMs: number;
  readonly tables: readonly StoredTable[];
}
