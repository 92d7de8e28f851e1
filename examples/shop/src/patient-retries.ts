import { Injectable } from '@nestjs/common';
import { DefaultRetryPolicy } from 'posthorn';
import type { FailedAttempt, FailedDelivery, RetryVerdict } from 'posthorn';

/** Our customers' servers answer 404 while they are deployed: tried again, on the schedule, where Posthorn would give up. */
@Injectable()
export class PatientRetries extends DefaultRetryPolicy {
  override decide(attempt: FailedAttempt, delivery: FailedDelivery, random: () => number): RetryVerdict {
    const waitMs = delivery.policy.schedule[delivery.retriesUsed];
    if (attempt.httpStatus === 404 && waitMs !== undefined) return { status: 'retrying', waitMs };
    return super.decide(attempt, delivery, random);
  }
}
