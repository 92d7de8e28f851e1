// Everything that a sender can be answered once its signature held: one table, fixed for ever.

/** What became of a verified webhook. */
export type Outcome =
  'processed' | 'unhandled' | 'already_processed' | 'accepted' | 'not_json' | 'in_progress' | 'failed';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<'status', string>> | Readonly<Record<'error', string>>;
  readonly retryAfterSeconds?: number;
}

/** What a sender reads of anything that went wrong on our side. */
export const PROCESSING_FAILED = 'Processing failed';

export const ANSWERS: Readonly<Record<Outcome, Answer>> = {
  processed: { status: 200, body: { status: 'processed' } },
  // A sender need not know that nobody here wants it.
  unhandled: { status: 200, body: { status: 'processed' } },
  already_processed: { status: 200, body: { status: 'already_processed' } },
  accepted: { status: 202, body: { status: 'accepted' } },
  not_json: { status: 400, body: { error: 'Not JSON' } },
  in_progress: { status: 409, body: { error: 'In progress' }, retryAfterSeconds: 5 },
  failed: { status: 500, body: { error: PROCESSING_FAILED } },
};
