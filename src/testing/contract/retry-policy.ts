// What must hold of a retry policy, whatever failed, and the failures that a team's own is tried with.
import assert from 'node:assert/strict';
import { isVerdict, MAX_RETRIES_EVER, outcomeOfStatus } from '../../delivery/index.js';
import type { FailedAttempt, FailedDelivery, RetryPolicy } from '../../delivery/index.js';
import { parseRetriedStatuses } from '../../kernel/retried-statuses.js';

const DAY_MS = 86_400_000;

/** One failure, and the number that the dice show. */
interface Failure {
  readonly attempt: FailedAttempt;
  readonly delivery: FailedDelivery;
  readonly roll: number;
}

/** Names of what must hold, and what throws where it does not. */
export const RETRY_POLICY_RULES: Record<string, (policy: RetryPolicy, failure: Failure) => void> = {
  'has a verdict that can be carried out for every failed attempt, at once': (policy, failure) => {
    const verdict: unknown = decide(policy, failure);
    assert.ok(isVerdict(verdict), `not a verdict: ${JSON.stringify(verdict)} on ${JSON.stringify(failure)}`);
  },

  'decides the same for the same attempt, delivery and dice': (policy, failure) => {
    assert.deepEqual(decide(policy, failure), decide(policy, failure));
  },

  'changes nothing of what it is given': (policy, failure) => {
    const before = stateOf(failure);
    decide(policy, failure);
    assert.equal(stateOf(failure), before);
  },

  'comes to an end, whatever goes wrong every time': (policy, failure) => {
    let used = 0;
    const again = (): FailedDelivery => ({ ...failure.delivery, attempt: used + 1, retriesUsed: used });
    while (used < MAX_RETRIES_EVER && decide(policy, { ...failure, delivery: again() }).status === 'retrying')
      used += 1;
    assert.ok(used < MAX_RETRIES_EVER, `still retrying after ${used} times: ${JSON.stringify(failure)}`);
  },
};

const decide = (policy: RetryPolicy, { attempt, delivery, roll }: Failure) =>
  policy.decide(attempt, delivery, () => roll);

const stateOf = ({ attempt, delivery }: Failure): string =>
  JSON.stringify([attempt, delivery, [...delivery.policy.retriedStatuses]]);

/** A delivery whose webhook, tenant and installation agreed on these rules. */
export const failedDelivery = (
  policy: Omit<FailedDelivery['policy'], 'retriedStatuses' | 'autoDisable'>,
  rules: readonly string[],
  retriesUsed: number,
): FailedDelivery => ({
  id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d',
  tenantId: 'default',
  webhookId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e',
  eventId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4f',
  eventType: 'order.completed',
  occurredAt: new Date(1_767_225_600_000),
  attempt: retriesUsed + 1,
  retriesUsed,
  policy: { ...policy, retriedStatuses: parseRetriedStatuses(rules) as ReadonlySet<number>, autoDisable: false },
});

/** Sets of rules about statuses that a webhook may have. */
export const STATUS_RULES: readonly (readonly string[])[] = [
  ['default'],
  [],
  ['404', '5xx'],
  ['default', '410', '!501'],
  ['4xx'],
];

const ANSWERS = [301, 400, 404, 408, 410, 425, 429, 500, 501, 503, 999].flatMap((httpStatus) =>
  (httpStatus === 429 || httpStatus === 503 ? [undefined, 0, 1_500, DAY_MS] : [undefined]).map((retryAfterMs) => ({
    outcome: outcomeOfStatus(httpStatus) as FailedAttempt['outcome'],
    httpStatus,
    retryAfterMs,
    durationMs: 12,
  })),
);

/** The ways in which there may be no answer. */
export const SILENCES = (
  [
    'timeout',
    'dns_error',
    'connection_error',
    'tls_error',
    'protocol_error',
    'egress_denied',
    'transformation_error',
  ] as const
).map((outcome): FailedAttempt => ({ outcome, durationMs: 10_000, error: 'CODE' }));

const SCHEDULES = [[], [1], [1_000, 5_000, 30_000], Array.from({ length: 12 }, () => DAY_MS)];

/** Every kind of answer and silence, under every kind of policy, early and late in the schedule. */
export function* failures(): Generator<Failure> {
  for (const schedule of SCHEDULES)
    for (const [jitter, maxWaitMs] of [[0], [0.2, 100], [1, 7 * DAY_MS]] as const)
      for (const rules of STATUS_RULES)
        for (const used of [0, schedule.length, schedule.length + 1])
          for (const attempt of [...ANSWERS, ...SILENCES])
            for (const roll of [0, 0.5, 0.999_999])
              yield { attempt, delivery: failedDelivery({ schedule, jitter, maxWaitMs }, rules, used), roll };
}
