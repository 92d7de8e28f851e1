import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export const HANDLER_RUN_STATUSES = ['pending', 'running', 'succeeded', 'failed'] as const;
export type HandlerRunStatus = (typeof HANDLER_RUN_STATUSES)[number];

/** One handler's work on one received event. */
@Entity('handler_run')
@Index('handler_run_due', ['dueAt'], { where: `status <> 'succeeded'` })
@Index('handler_run_serial', ['tenantId', 'handler', 'serialKey', 'receivedEventId'], {
  where: `serial_key IS NOT NULL AND status = 'pending'`,
})
@Check('handler_run_status_check', `status IN ('pending', 'running', 'succeeded', 'failed')`)
export class HandlerRun {
  @PrimaryColumn({ name: 'received_event_id', type: 'uuid', primaryKeyConstraintName: 'handler_run_pkey' })
  receivedEventId!: string;

  @PrimaryColumn({ name: 'handler', type: 'text', primaryKeyConstraintName: 'handler_run_pkey' })
  handler!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'position', type: 'smallint' })
  position!: number;

  @Column({ name: 'status', type: 'text' })
  status!: HandlerRunStatus;

  @Column({ name: 'attempt_count', type: 'integer', default: 0 })
  attemptCount!: number;

  @Column({ name: 'retries_used', type: 'smallint', default: 0 })
  retriesUsed!: number;

  @Column({
    name: 'due_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'pending, failed: when it may run again; running: when its lease ends; null: no further try of our own',
  })
  dueAt!: Date | null;

  /** The lane that it was put off for. */
  @Column({ name: 'serial_key', type: 'text', nullable: true })
  serialKey!: string | null;

  @Column({ name: 'error', type: 'text', nullable: true })
  error!: string | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;
}
