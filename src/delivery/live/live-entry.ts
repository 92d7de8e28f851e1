// What a stream tells of deliveries: metadata alone, as the log has it.
import type { OperationalEvent } from '../operational/operational-hook.js';
import type { Settlement } from '../settle/settlement.js';

/** What may be followed. */
export const LIVE_KINDS = ['attempts', 'deliveries', 'operational'] as const;
export type LiveKind = (typeof LIVE_KINDS)[number];

/** Something that happened. */
export interface LiveEntry {
  readonly tenantId: string;
  readonly kind: LiveKind;
  readonly data: object;
}

/** An attempt, and the end of its delivery where it is one. */
export const entriesOfSettlement = ({ delivery, attempt, verdict }: Settlement): LiveEntry[] => {
  const shared = {
    tenantId: delivery.tenantId,
    deliveryId: delivery.id,
    eventId: delivery.eventId,
    event: delivery.eventType,
    webhookId: delivery.webhookId,
  };
  const { durationMs, startedAt, outcome, httpStatus } = attempt;
  return [
    entryOf('attempts', shared, {
      number: delivery.number,
      outcome,
      httpStatus: httpStatus ?? null,
      durationMs,
      startedAt,
    }),
    ...(verdict.status === 'retrying'
      ? []
      : [
          entryOf('deliveries', shared, {
            status: verdict.status,
            reason: verdict.reason ?? null,
            attemptCount: delivery.number,
          }),
        ]),
  ];
};

/** A delivery as it is from now on. */
export interface ChangedDelivery {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly event: string;
  readonly webhookId: string;
  readonly attempts: number;
  readonly status: string;
  readonly reason: string | null;
}

/** The end of a delivery that no attempt of now is the reason of. */
export const entryOfEnd = ({ attempts, status, reason, ...shared }: ChangedDelivery): LiveEntry =>
  entryOf('deliveries', shared, { status, reason, attemptCount: attempts });

/** An attempt that nobody reported on, and the end of its delivery where it is one. */
export const entriesOfLost = (lost: ChangedDelivery): LiveEntry[] => {
  const { tenantId, deliveryId, eventId, event, webhookId, attempts, status } = lost;
  const shared = { tenantId, deliveryId, eventId, event, webhookId };
  const unknown = { outcome: 'unknown_outcome', httpStatus: null, durationMs: 0, startedAt: null };
  return [
    entryOf('attempts', shared, { number: attempts, ...unknown }),
    ...(status === 'pending' ? [] : [entryOfEnd(lost)]),
  ];
};

export const entryOfOperational = ({ tenantId, ...data }: OperationalEvent): LiveEntry => ({
  tenantId,
  kind: 'operational',
  data,
});

const entryOf = (kind: LiveKind, { tenantId, ...shared }: { tenantId: string }, more: object): LiveEntry => ({
  tenantId,
  kind,
  data: { ...shared, ...more },
});
