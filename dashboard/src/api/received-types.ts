// What the API answers about receiving, as far as the page reads it.
import type { Headers } from './types';

export const RECEIVED_STATUSES = ['processing', 'processed', 'failed', 'unhandled', 'rejected'] as const;

export type ReceivedStatus = (typeof RECEIVED_STATUSES)[number];

export interface ReceivedEvent {
  readonly id: string;
  readonly source: string;
  readonly provider: string;
  readonly externalId: string;
  readonly type: string;
  readonly status: ReceivedStatus;
  /** Another body came under the same id. */
  readonly conflict: boolean;
  readonly occurredAt: string | null;
  readonly receivedAt: string;
  readonly processedAt: string | null;
}

export interface HandlerRun {
  readonly handler: string;
  readonly status: 'pending' | 'running' | 'succeeded' | 'failed';
  readonly attemptCount: number;
  readonly error: string | null;
  readonly nextAttemptAt: string | null;
  readonly finishedAt: string | null;
}

export interface ReceivedEventDetail extends ReceivedEvent {
  readonly headers: Headers;
  readonly body: string;
  readonly bodyEncoding: 'utf8' | 'base64';
  readonly runs: readonly HandlerRun[];
}

export interface SourceSecret {
  readonly id: string;
  readonly hint: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

export interface Source {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  /** Where its sender posts to, below the server's address. */
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly processing: 'inline' | 'queued';
  readonly relay: boolean;
  readonly silentAfter: string | null;
  readonly rateLimit: { readonly max: number; readonly perSeconds: number } | null;
  readonly allowedIps: readonly string[] | null;
  readonly secrets: readonly SourceSecret[];
  readonly createdAt: string;
}

/** What a source turned away in one hour for one reason. */
export interface Rejection {
  readonly reason: string;
  readonly hour: string;
  readonly count: number;
  readonly lastAt: string;
  readonly samples: readonly RejectionSample[];
}

export interface RejectionSample {
  readonly at: string;
  readonly address: string | null;
  readonly requestId: string;
  readonly userAgent: string | null;
}
