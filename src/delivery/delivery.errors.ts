import { ConflictError, PosthornError } from '../kernel/errors.js';

/** What it carried was erased, or went with its retention. */
export class PayloadErasedError extends ConflictError {
  constructor() {
    super('payload_erased', 'The payload of this event was erased: there is nothing left to send.');
  }
}

/** The delivery is being sent at this moment; its outcome comes first. */
export class DeliveryInProgressError extends ConflictError {
  constructor() {
    super('delivery_in_progress', 'This delivery is being sent right now; try again when its outcome is known.');
  }
}

/** Filters changed again and again while an event was to be judged by them. Nothing was stored. */
export class FiltersUnsettledError extends PosthornError {
  constructor() {
    super('unavailable', 'filters_unsettled', 'Filters of webhooks are changing too fast to judge by; try again.');
  }
}

/** Sending would go nowhere while the webhook is disabled. */
export class WebhookDisabledError extends ConflictError {
  constructor() {
    super('webhook_disabled', 'The webhook is disabled; enable it first.');
  }
}

/** As many replays of the webhook are under way or wait for their turn as may be. */
export class TooManyReplaysError extends ConflictError {
  constructor(max: number) {
    super('too_many_replays', `At most ${max} replays of a webhook may be unfinished; wait until some have ended.`);
  }
}
